//! Whom a connection to a mail server trusts, and what is said where it trusts nobody.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};

/// Trusts whom this machine trusts, or `SSL_CERT_FILE` names.
pub(super) fn config() -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(
        config.with_root_certificates(roots).with_no_client_auth(),
    ))
}

/// What is wrong, and what to do about it.
pub(super) fn words(error: &Error) -> String {
    let Error::InvalidCertificate(why) = error else {
        return format!("TLS: {error}");
    };
    let help = match why {
        CertificateError::UnknownIssuer => {
            "nobody whom this machine trusts signed the server's certificate: name the \
             certificate of the authority that did in SSL_CERT_FILE"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is of another name: write a name that it is of into \
             KEYWARD_SMTP_URL"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired: give the server a new one"
        }
        // Its type is one of a library below.
        CertificateError::Other(why) if why.to_string().contains("CaUsedAsEndEntity") => {
            "the server shows the certificate of an authority (CA:TRUE) as its own: give the \
             server a certificate of its name with CA:FALSE. It may be signed by itself, and then \
             it is what SSL_CERT_FILE must name; or else SSL_CERT_FILE names who signed it"
        }
        _ => return format!("TLS: the server's certificate: {error}"),
    };
    format!("TLS: {help}")
}
