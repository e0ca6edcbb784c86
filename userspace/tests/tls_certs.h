/* SPDX-License-Identifier: GPL-2.0-only */
/* Certificates made for tests. */
#ifndef _DITTO_TESTS_TLS_CERTS_H
#define _DITTO_TESTS_TLS_CERTS_H

#include <gnutls/x509.h>

#include "common/types.h"

/**
 * struct tls_cert - a certificate and its private key
 * @key: the private key
 * @crt: the certificate
 * @key_pem: the same in PEM
 * @crt_pem: the same in PEM
 */
struct tls_cert {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t key_pem;
	gnutls_datum_t crt_pem;
};

/*
 * Make a certificate. @issuer signs it; NULL makes a root. @host is a name that it has; @purpose
 * is the object id of its only purpose. Both may be NULL. It is valid for @days from now, or
 * ended yesterday if they are negative.
 */
void tls_cert_make(struct tls_cert *cert, const struct tls_cert *issuer, const char *host,
		   const char *purpose, int days);
/* Add an extension of this many bytes that means nothing, and have it signed again. */
void tls_cert_lengthen(struct tls_cert *cert, const struct tls_cert *issuer, size_t more);
/*
 * Make a list, in PEM, of a revoked certificate of @issuer; its next one is due in @days. Free
 * its data with gnutls_free().
 */
gnutls_datum_t tls_crl_make(const struct tls_cert *issuer, const struct tls_cert *revoked,
			    int days);
void tls_cert_free(struct tls_cert *cert);

#endif
