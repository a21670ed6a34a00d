//! Addresses: which of them are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not public, with what they are: IANA's special-purpose registry, multicast, and one address by
/// which a cloud's virtual machines reach their host.
const V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::UNSPECIFIED, 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a provider's customers"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud's metadata"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, and clouds' metadata"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "for protocols"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// The one network of IPv6 from which public addresses are given.
const GLOBAL: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks within it that are not public, with what they are.
const V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "for protocols"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
];

/// What an address is, where it is not public.
pub(crate) fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            V4.iter().find(|(network, length, _)| begins(*network, *length, address)).map(|(.., what)| *what)
        }
        IpAddr::V6(address) => match embedded(address) {
            Some(inside) => not_public(IpAddr::V4(inside)).or(within(address)),
            None => within(address),
        },
    }
}

fn begins(network: Ipv4Addr, length: u32, address: Ipv4Addr) -> bool {
    (network.to_bits() ^ address.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0
}

fn begins_v6(network: Ipv6Addr, length: u32, address: Ipv6Addr) -> bool {
    (network.to_bits() ^ address.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
}

/// What an IPv6 address is where it is not public, whatever it may embed. The ways in which an IPv4 address is written or
/// carried in one are not public either, but for NAT64, by which a network without IPv4 reaches public ones.
fn within(address: Ipv6Addr) -> Option<&'static str> {
    if begins_v6(NAT64, 96, address) {
        return None;
    }
    if !begins_v6(GLOBAL.0, GLOBAL.1, address) {
        return Some(match address {
            _ if address.is_loopback() => "loopback",
            _ if address.is_unspecified() => "this network",
            _ if address.is_multicast() => "multicast",
            _ if address.is_unique_local() => "private",
            _ if address.is_unicast_link_local() => "link-local",
            _ if address.to_ipv4_mapped().is_some() => "an IPv4 address written as IPv6",
            _ => "not public",
        });
    }
    if begins_v6(SIX_TO_FOUR, 16, address) {
        return Some("a relay");
    }
    V6.iter().find(|(network, length, _)| begins_v6(*network, *length, address)).map(|(.., what)| *what)
}

const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);
const SIX_TO_FOUR: Ipv6Addr = Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0);

/// The IPv4 address that an IPv6 one leads to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return Some(mapped);
    }
    let bits = address.to_bits();
    if begins_v6(NAT64, 96, address) {
        return Some(Ipv4Addr::from_bits(bits as u32));
    }
    begins_v6(SIX_TO_FOUR, 16, address).then(|| Ipv4Addr::from_bits((bits >> 80) as u32))
}

/// The address as it is connected to: IPv4 where it is that written as IPv6.
pub(crate) fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff:ffff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ];

    const OUTSIDE: &[&str] = &[
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "64:ff9b::808:808",
        "2001:200::1",
        "2606:4700::1111",
        "2a00:1450:4001::1",
        "3ffe::1",
    ];

    #[test]
    fn what_is_not_public_is_known_at_both_edges_of_its_network() {
        for address in INSIDE {
            assert!(not_public(address.parse().expect(address)).is_some(), "{address}");
        }
        for address in OUTSIDE {
            assert_eq!(not_public(address.parse().expect(address)), None, "{address}");
        }
    }
}
