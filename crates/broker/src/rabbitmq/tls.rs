//! TLS to RabbitMQ, with rustls: whoever encrypts also checks with whom it speaks.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::UrlError;

/// Makes connections encrypted.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    /// Trusts who is certified by an authority in the file `roots`, else by one that this machine trusts.
    ///
    /// Fails when that file cannot be read or holds none.
    pub(super) fn trusting(roots: Option<&Path>) -> Result<Self, UrlError> {
        let trusted = match roots {
            Some(file) => of_file(file).map_err(|why| UrlError(format!("cannot trust {}: {why}", file.display())))?,
            None => of_this_machine()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| UrlError(error.to_string()))?;
        let config = config.with_root_certificates(trusted).with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Encrypts a connection with the host of this name or address.
    pub(super) async fn wrap(&self, host: &str, plain: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let refused =
            |error| io::Error::other(format!("no TLS with {host}: {error} (rabbitmq.tls_ca says whom to trust)"));
        self.0.connect(name, plain).await.map_err(refused)
    }
}

fn of_file(file: &Path) -> Result<RootCertStore, String> {
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        trusted.add(certificate).map_err(|error| error.to_string())?;
    }
    if trusted.is_empty() { Err("it holds no certificate in PEM".to_owned()) } else { Ok(trusted) }
}

fn of_this_machine() -> Result<RootCertStore, UrlError> {
    let mut trusted = RootCertStore::empty();
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if trusted.is_empty() {
        return Err(UrlError("this machine trusts no authority: set `rabbitmq.tls_ca`".to_owned()));
    }
    Ok(trusted)
}
