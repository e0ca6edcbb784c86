// SPDX-License-Identifier: GPL-2.0-only
/* Certificates made for tests. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"
#include "test.h"
#include "tls_certs.h"

#define DAY	(24 * 60 * 60)

void tls_cert_make(struct tls_cert *cert, const struct tls_cert *issuer, const char *host,
		   const char *purpose, int days)
{
	const char *name = host ? host : "somebody";
	static unsigned char serial;
	time_t now = time(NULL);

	serial++;
	CHECK(!gnutls_x509_privkey_init(&cert->key) && !gnutls_x509_crt_init(&cert->crt));
	CHECK(!gnutls_x509_privkey_generate(cert->key, GNUTLS_PK_ECDSA,
					    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	CHECK(!gnutls_x509_crt_set_version(cert->crt, 3));
	CHECK(!gnutls_x509_crt_set_serial(cert->crt, &serial, 1));
	CHECK(!gnutls_x509_crt_set_key(cert->crt, cert->key));
	CHECK(!gnutls_x509_crt_set_activation_time(cert->crt, now - 30 * DAY));
	CHECK(!gnutls_x509_crt_set_expiration_time(cert->crt, now + days * DAY));
	CHECK(!gnutls_x509_crt_set_dn_by_oid(cert->crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
					     (unsigned int)strlen(name)));
	CHECK(!gnutls_x509_crt_set_ca_status(cert->crt, !issuer));
	CHECK(!gnutls_x509_crt_set_key_usage(cert->crt, issuer ? GNUTLS_KEY_DIGITAL_SIGNATURE :
					     GNUTLS_KEY_KEY_CERT_SIGN));
	if (host)
		CHECK(!gnutls_x509_crt_set_subject_alt_name(cert->crt, GNUTLS_SAN_DNSNAME, host,
							    (unsigned int)strlen(host),
							    GNUTLS_FSAN_SET));
	if (purpose)
		CHECK(!gnutls_x509_crt_set_key_purpose_oid(cert->crt, purpose, 0));
	CHECK(!gnutls_x509_crt_sign2(cert->crt, issuer ? issuer->crt : cert->crt,
				     issuer ? issuer->key : cert->key, GNUTLS_DIG_SHA256, 0));
	CHECK(!gnutls_x509_crt_export2(cert->crt, GNUTLS_X509_FMT_PEM, &cert->crt_pem));
	CHECK(!gnutls_x509_privkey_export2(cert->key, GNUTLS_X509_FMT_PEM, &cert->key_pem));
}

void tls_cert_lengthen(struct tls_cert *cert, const struct tls_cert *issuer, size_t more)
{
	u8 *bytes = mem_new(more);

	CHECK(!gnutls_x509_crt_set_extension_by_oid(cert->crt, "1.2.3.4", bytes, more, 0));
	CHECK(!gnutls_x509_crt_sign2(cert->crt, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0));
	gnutls_free(cert->crt_pem.data);
	CHECK(!gnutls_x509_crt_export2(cert->crt, GNUTLS_X509_FMT_PEM, &cert->crt_pem));
	free(bytes);
}

gnutls_datum_t tls_crl_make(const struct tls_cert *issuer, const struct tls_cert *revoked,
			    int days)
{
	gnutls_datum_t pem = { NULL, 0 };
	time_t now = time(NULL);
	gnutls_x509_crl_t crl;

	CHECK(!gnutls_x509_crl_init(&crl) && !gnutls_x509_crl_set_version(crl, 2));
	CHECK(!gnutls_x509_crl_set_crt(crl, revoked->crt, now - 20 * DAY));
	CHECK(!gnutls_x509_crl_set_this_update(crl, now - 10 * DAY));
	CHECK(!gnutls_x509_crl_set_next_update(crl, now + days * DAY));
	CHECK(!gnutls_x509_crl_sign2(crl, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0));
	CHECK(!gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem));
	gnutls_x509_crl_deinit(crl);
	return pem;
}

void tls_cert_free(struct tls_cert *cert)
{
	gnutls_x509_crt_deinit(cert->crt);
	gnutls_x509_privkey_deinit(cert->key);
	gnutls_free(cert->crt_pem.data);
	gnutls_free(cert->key_pem.data);
}
