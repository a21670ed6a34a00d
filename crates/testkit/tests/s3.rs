//! A private S3 server keeps what it is given, with and without TLS.

#![cfg(test)]

use std::process::Command;

use testkit::s3::S3;

/// Asks as anybody would, from the server's own Python: it has a client and knows the certificate.
fn python(script: &str) -> String {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python/moto/bin/python");
    let output = Command::new(python).args(["-c", script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn client(endpoint: &str, more: &str) -> String {
    format!(
        "import boto3\ns3 = boto3.client('s3', endpoint_url='{endpoint}', region_name='{}', aws_access_key_id='{}', \
         aws_secret_access_key='{}'{more})\n",
        S3::REGION,
        S3::KEY,
        S3::SECRET
    )
}

#[test]
fn what_is_put_without_tls_is_got_with_it() {
    let s3 = S3::start().unwrap();
    let put = client(&s3.endpoint(), "");
    python(&format!("{put}s3.put_object(Bucket='{}', Key='a/b', Body=b'seven')", S3::BUCKET));
    let get = client(&s3.tls_endpoint(), &format!(", verify='{}'", s3.ca_file().display()));
    let got = python(&format!("{get}print(s3.get_object(Bucket='{}', Key='a/b')['Body'].read())", S3::BUCKET));
    assert_eq!(got, "b'seven'");
}
