// SPDX-License-Identifier: GPL-2.0-only
/* TLS handshakes, see tls_session.h. */

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "mem.h"
#include "tls_session.h"

#ifndef SOL_TLS
#define SOL_TLS		282
#endif

/* The signatures and groups that GnuTLS holds to be good for the years to come. */
#define PRIORITIES	"SECURE128:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM"

/*
 * Longest message of a handshake, such as a chain of certificates or the names of the roots that a
 * peer trusts. GnuTLS takes up to 128 KiB, and to read a certificate of that size takes it more
 * than a second, in which the worker does nothing for others.
 */
#define MESSAGE_MAX	32768

/* Purposes of certificates for RPC (RFC 9289 section 8.1). */
#define PURPOSE_RPC_CLIENT	"1.3.6.1.5.5.7.3.33"
#define PURPOSE_RPC_SERVER	"1.3.6.1.5.5.7.3.34"

/**
 * struct tls_keys - what this side proves itself with, and whom it trusts
 * @refs: number of users
 * @named: trust, certificate and private key
 * @unnamed: trust alone
 * @priorities: accepted versions and ciphers
 * @certified: there is a certificate
 * @clients: rules that name clients
 */
struct tls_keys {
	unsigned int refs;
	gnutls_certificate_credentials_t named;
	gnutls_certificate_credentials_t unnamed;
	gnutls_priority_t priorities;
	bool certified;
	struct cert_map clients;
};

/**
 * struct tls_session - a handshake
 * @keys: with a reference
 * @session: GnuTLS's session
 * @fd: the socket
 * @server: this side is the server
 * @proved: the peer's certificate was verified
 * @peer: name that the server's certificate must have
 * @name: name of a client whose certificate was verified
 * @why: what is wrong with the certificate, or empty
 */
struct tls_session {
	struct tls_keys *keys;
	gnutls_session_t session;
	int fd;
	bool server;
	bool proved;
	char peer[TLS_PEER_SIZE];
	char name[CERT_NAME_SIZE];
	struct why why;
};

void tls_keys_put(struct tls_keys *keys)
{
	if (!keys || --keys->refs)
		return;
	if (keys->named)
		gnutls_certificate_free_credentials(keys->named);
	if (keys->unnamed)
		gnutls_certificate_free_credentials(keys->unnamed);
	if (keys->priorities)
		gnutls_priority_deinit(keys->priorities);
	cert_map_free(&keys->clients);
	free(keys);
}

bool tls_keys_certified(const struct tls_keys *keys)
{
	return keys->certified;
}

static void tls_date(time_t time, char text[32])
{
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(text, 32, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(text, 32, "?");
}

/*
 * Warn of a list that its issuer has replaced by now (nextUpdate, RFC 5280 section 5.1.2.5). It is
 * used all the same: certificates that it names stay revoked, and clients must not be locked out
 * because nobody fetched the next one.
 */
static void tls_crl_check_date(gnutls_x509_crl_t crl, struct why *why)
{
	time_t next = gnutls_x509_crl_get_next_update(crl);
	gnutls_datum_t issuer = { NULL, 0 };
	char date[32];

	if (next == (time_t)-1 || next >= time(NULL) || why->text[0])
		return;
	tls_date(next, date);
	gnutls_x509_crl_get_issuer_dn3(crl, &issuer, 0);
	why_not(why,
		"crl: the list of '%s' was to be replaced on %s and is used as it is: fetch the present one, and read the configuration again",
		issuer.data ? (const char *)issuer.data : "", date);
	gnutls_free(issuer.data);
}

/*
 * Take lists of revoked certificates, one or several. GnuTLS looks up each certificate of a chain
 * in the list of its issuer. Returns 0 or an error of GnuTLS; @why gets a warning.
 */
static int tls_crl_take(struct tls_keys *keys, const gnutls_datum_t *file, struct why *why)
{
	gnutls_x509_crl_t *list = NULL;
	unsigned int n = 0, i;
	int rc;

	rc = gnutls_x509_crl_list_import2(&list, &n, file, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return rc;
	for (i = 0; i < n; i++)
		tls_crl_check_date(list[i], why);
	if (n) {
		rc = gnutls_certificate_set_x509_crl(keys->named, list, (int)n);
		if (rc >= 0)
			rc = gnutls_certificate_set_x509_crl(keys->unnamed, list, (int)n);
	}
	for (i = 0; i < n; i++)
		gnutls_x509_crl_deinit(list[i]);
	gnutls_free(list);
	/* A file without any list would revoke nothing, unnoticed. */
	return rc < 0 ? rc : n ? 0 : GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

struct tls_keys *tls_keys_new(const u32 size[TLS_FILES], const u8 *bytes, struct why *why)
{
	struct tls_keys *keys = mem_new(sizeof(*keys));
	gnutls_datum_t file[TLS_FILES];
	const char *what = "GnuTLS";
	unsigned int i;
	int rc;

	keys->refs = 1;
	why->text[0] = '\0';
	for (i = 0; i < TLS_FILES; i++) {
		file[i].data = (u8 *)bytes;
		file[i].size = size[i];
		bytes += size[i];
	}
	rc = gnutls_certificate_allocate_credentials(&keys->named) ?:
	     gnutls_certificate_allocate_credentials(&keys->unnamed);
	if (!rc)
		rc = gnutls_priority_init(&keys->priorities, PRIORITIES, NULL);
	if (rc)
		goto fail;
	if (size[TLS_CERTIFICATE]) {
		what = "certificate and private key";
		rc = gnutls_certificate_set_x509_key_mem(keys->named, &file[TLS_CERTIFICATE],
							 &file[TLS_PRIVATE_KEY],
							 GNUTLS_X509_FMT_PEM);
		if (rc < 0)
			goto fail;
		keys->certified = true;
	}
	if (size[TLS_TRUST]) {
		what = "trust";
		rc = gnutls_certificate_set_x509_trust_mem(keys->named, &file[TLS_TRUST],
							   GNUTLS_X509_FMT_PEM);
		if (rc >= 0)
			rc = gnutls_certificate_set_x509_trust_mem(keys->unnamed, &file[TLS_TRUST],
								   GNUTLS_X509_FMT_PEM);
		if (rc < 0)
			goto fail;
	}
	if (size[TLS_CRL]) {
		what = "crl";
		rc = tls_crl_take(keys, &file[TLS_CRL], why);
		if (rc < 0)
			goto fail;
	}
	if (cert_map_read(&keys->clients, (const char *)file[TLS_CLIENTS].data,
			  file[TLS_CLIENTS].size, why))
		return keys;
	tls_keys_put(keys);
	return NULL;
fail:
	why_not(why, "%s: %s", what, gnutls_strerror(rc));
	tls_keys_put(keys);
	return NULL;
}

/* The socket's own flags are the kernel's, so each call says that it must not block. */
static ssize_t tls_pull(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	const struct tls_session *s = ptr;
	struct iovec iov = { data, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	return recvmsg(s->fd, &h, MSG_DONTWAIT);
}

static ssize_t tls_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	const struct tls_session *s = ptr;
	struct iovec iov = { (void *)data, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(s->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Write the identity of a certificate. Return: false if it is malformed. */
static bool tls_cert_read(const gnutls_datum_t *cert, struct cert_id *id)
{
	gnutls_datum_t subject = { NULL, 0 };
	gnutls_x509_crt_t crt;
	unsigned int i;
	u8 print[32];
	size_t size;
	int rc;

	if (gnutls_x509_crt_init(&crt))
		return false;
	rc = gnutls_x509_crt_import(crt, cert, GNUTLS_X509_FMT_DER);
	size = sizeof(print);
	if (rc >= 0)
		rc = gnutls_fingerprint(GNUTLS_DIG_SHA256, cert, print, &size);
	/* A certificate may have no subject. */
	if (rc >= 0 && gnutls_x509_crt_get_dn3(crt, &subject, 0) >= 0)
		snprintf(id->subject, sizeof(id->subject), "%.*s", (int)subject.size,
			 (const char *)subject.data);
	gnutls_free(subject.data);
	for (i = 0; rc >= 0 && i < sizeof(print); i++)
		snprintf(id->print + 2 * i, 3, "%02x", print[i]);
	for (i = 0; rc >= 0 && id->n < CERT_NAMES_MAX; i++) {
		char *name = id->names[id->n];

		size = CERT_NAME_SIZE - 1;
		rc = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size, NULL);
		if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER) {
			rc = 0;
			continue;
		}
		/* A name with a NUL inside is not the name that it seems to be. */
		if (rc != GNUTLS_SAN_DNSNAME || memchr(name, '\0', size))
			continue;
		name[size] = '\0';
		id->n++;
	}
	gnutls_x509_crt_deinit(crt);
	return id->print[0];
}

/* Say what is wrong with a certificate, and what to do. */
static void tls_cert_explain(struct tls_session *s, const gnutls_datum_t *cert,
			     const struct cert_id *id, unsigned int status)
{
	gnutls_datum_t issuer = { NULL, 0 };
	gnutls_x509_crt_t crt;
	char date[32] = "?";

	if (gnutls_x509_crt_init(&crt))
		return;
	if (gnutls_x509_crt_import(crt, cert, GNUTLS_X509_FMT_DER) < 0)
		goto out;
	if (status & GNUTLS_CERT_REVOKED) {
		why_not(&s->why,
			"its certificate (%s), or one that leads to its root, was revoked: it is in the file 'crl' of [tls]",
			id->subject);
	} else if (status & GNUTLS_CERT_EXPIRED) {
		tls_date(gnutls_x509_crt_get_expiration_time(crt), date);
		why_not(&s->why, "its certificate (%s) has expired on %s: renew it there",
			id->subject, date);
	} else if (status & GNUTLS_CERT_NOT_ACTIVATED) {
		tls_date(gnutls_x509_crt_get_activation_time(crt), date);
		why_not(&s->why,
			"its certificate (%s) is valid from %s on: compare the clocks of both machines",
			id->subject, date);
	} else if (status & GNUTLS_CERT_SIGNER_NOT_FOUND) {
		gnutls_x509_crt_get_issuer_dn3(crt, &issuer, 0);
		why_not(&s->why,
			"its certificate (%s) is from an unknown issuer (%.*s): put that root into 'trust' of [tls], or give it a certificate of a root that is there",
			id->subject, (int)issuer.size, issuer.data ? (char *)issuer.data : "");
	} else if (status & GNUTLS_CERT_UNEXPECTED_OWNER) {
		why_not(&s->why,
			"its certificate (%s) is not for %s but for %s: mount by that name, or give it a certificate with this one",
			id->subject, s->peer, id->n ? id->names[0] : "no name");
	} else if (status & GNUTLS_CERT_PURPOSE_MISMATCH) {
		why_not(&s->why,
			"its certificate (%s) is not for %s: it needs %s among its extended key usages",
			id->subject, s->server ? "clients" : "servers",
			s->server ? "clientAuth" : "serverAuth");
	} else {
		why_not(&s->why, "its certificate (%s) is not valid (status 0x%x of GnuTLS)",
			id->subject, status);
	}
out:
	gnutls_free(issuer.data);
	gnutls_x509_crt_deinit(crt);
}

/*
 * Verify the peer's certificate for a purpose and, for a server, for its name. Return: 0, or what
 * is wrong with it, as bits of GnuTLS.
 */
static unsigned int tls_status_for(struct tls_session *s, const char *purpose)
{
	gnutls_typed_vdata_st data[2] = {
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (u8 *)purpose },
		{ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (u8 *)s->peer },
	};
	unsigned int status = ~0u;

	if (gnutls_certificate_verify_peers(s->session, data, s->server ? 1 : 2, &status))
		return GNUTLS_CERT_INVALID;
	return status;
}

/* Called by GnuTLS during the handshake. Return: 0 if it may continue. */
static int tls_verify(gnutls_session_t session)
{
	struct tls_session *s = gnutls_session_get_ptr(session);
	const gnutls_datum_t *certs;
	unsigned int status, n = 0;
	struct cert_id *id;

	certs = gnutls_certificate_get_peers(session, &n);
	/* A client may stay unknown; the share decides (RFC 9289 section 4.2.1). */
	if (!n)
		return s->server ? 0 : GNUTLS_E_NO_CERTIFICATE_FOUND;
	status = tls_status_for(s, s->server ? GNUTLS_KP_TLS_WWW_CLIENT :
				GNUTLS_KP_TLS_WWW_SERVER);
	/* Any other fault is not mended by another purpose. */
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		status = tls_status_for(s, s->server ? PURPOSE_RPC_CLIENT : PURPOSE_RPC_SERVER);
	id = mem_new(sizeof(*id));
	if (!tls_cert_read(&certs[0], id)) {
		why_not(&s->why, "its certificate cannot be read");
	} else if (status) {
		tls_cert_explain(s, &certs[0], id, status);
	} else if (s->server && !cert_map_find(&s->keys->clients, id, s->name)) {
		why_not(&s->why,
			"no client-map of [tls] admits its certificate: subject %s, fingerprint %s, DNS name %s",
			id->subject, id->print, id->n ? id->names[0] : "none");
	} else {
		s->proved = true;
	}
	free(id);
	return s->proved ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* Server name indication is for names, not for addresses (RFC 6066 section 3). */
static int tls_name_server(struct tls_session *s)
{
	u8 addr[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, s->peer, addr) == 1 || inet_pton(AF_INET6, s->peer, addr) == 1)
		return 0;
	return gnutls_server_name_set(s->session, GNUTLS_NAME_DNS, s->peer, strlen(s->peer));
}

struct tls_session *tls_session_new(struct tls_keys *keys, int fd, bool server, bool certify,
				    const char *peer)
{
	/* RFC 9289 section 8.2. A peer that does not name the protocol is served, too. */
	const gnutls_datum_t alpn = { (u8 *)"sunrpc", 6 };
	struct tls_session *s = mem_new(sizeof(*s));

	s->fd = fd;
	s->server = server;
	snprintf(s->peer, sizeof(s->peer), "%s", peer);
	if (gnutls_init(&s->session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK |
			GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS)) {
		free(s);
		return NULL;
	}
	keys->refs++;
	s->keys = keys;
	gnutls_session_set_ptr(s->session, s);
	gnutls_transport_set_ptr(s->session, s);
	gnutls_transport_set_pull_function(s->session, tls_pull);
	gnutls_transport_set_push_function(s->session, tls_push);
	gnutls_session_set_verify_function(s->session, tls_verify);
	gnutls_handshake_set_max_packet_length(s->session, MESSAGE_MAX);
	if (gnutls_priority_set(s->session, keys->priorities) ||
	    gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE,
				   server || certify ? keys->named : keys->unnamed) ||
	    gnutls_alpn_set_protocols(s->session, &alpn, 1, 0) ||
	    (!server && tls_name_server(s))) {
		tls_session_free(s);
		return NULL;
	}
	if (server) {
		gnutls_certificate_server_set_request(s->session, GNUTLS_CERT_REQUEST);
		/* Do not name the roots: strangers need not know, and there may be hundreds. */
		gnutls_certificate_send_x509_rdn_sequence(s->session, 1);
	}
	return s;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	gnutls_deinit(s->session);
	tls_keys_put(s->keys);
	free(s);
}

/* Say why the peer refuses, and what to do if the reason is our certificate. */
static void tls_alert_explain(gnutls_alert_description_t alert, struct why *why)
{
	const char *name = gnutls_alert_get_name(alert);

	switch (alert) {
	case GNUTLS_A_UNKNOWN_CA:
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_CERTIFICATE_EXPIRED:
		why_not(why,
			"the peer refuses our certificate (%s): it must trust the root of 'certificate' of [tls], use one of its names, and have the right time",
			name ? name : "?");
		break;
	case GNUTLS_A_CERTIFICATE_REQUIRED:
		why_not(why, "the peer requires a certificate: set 'certificate' of [tls]");
		break;
	default:
		why_not(why, "the peer refuses: %s", name ? name : "?");
	}
}

/* Tell the peer why, if the socket takes it immediately. */
static void tls_session_alert(struct tls_session *s, int error)
{
	if (error != GNUTLS_E_FATAL_ALERT_RECEIVED && error != GNUTLS_E_PREMATURE_TERMINATION &&
	    error != GNUTLS_E_PULL_ERROR && error != GNUTLS_E_PUSH_ERROR)
		gnutls_alert_send_appropriate(s->session, error);
}

int tls_session_step(struct tls_session *s, struct why *why)
{
	int rc;

	rc = gnutls_handshake(s->session);
	if (!rc)
		return 0;
	/* Warnings, too: a peer that sends many of them must not keep the worker from others. */
	if (!gnutls_error_is_fatal(rc))
		return -EAGAIN;
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		tls_alert_explain(gnutls_alert_get(s->session), why);
	else
		why_not(why, "%s", s->why.text[0] ? s->why.text : gnutls_strerror(rc));
	tls_session_alert(s, rc);
	return rc == GNUTLS_E_PULL_ERROR || rc == GNUTLS_E_PUSH_ERROR ||
	       rc == GNUTLS_E_PREMATURE_TERMINATION ? -ECONNRESET : -EACCES;
}

short tls_session_events(const struct tls_session *s)
{
	return gnutls_record_get_direction(s->session) ? POLLOUT : POLLIN;
}

bool tls_session_proved(const struct tls_session *s)
{
	return s->proved;
}

const char *tls_session_name(const struct tls_session *s)
{
	return s->name;
}

/* The kernel's description of each cipher: its number, and where the parts lie. */
#define CIPHER(_cipher, _bits) {						\
	.cipher = GNUTLS_CIPHER_##_cipher,						\
	.type = TLS_CIPHER_AES_GCM_##_bits,						\
	.size = sizeof(struct tls12_crypto_info_aes_gcm_##_bits),			\
	.iv = offsetof(struct tls12_crypto_info_aes_gcm_##_bits, iv),			\
	.key = offsetof(struct tls12_crypto_info_aes_gcm_##_bits, key),		\
	.key_len = TLS_CIPHER_AES_GCM_##_bits##_KEY_SIZE,				\
	.salt = offsetof(struct tls12_crypto_info_aes_gcm_##_bits, salt),		\
	.seq = offsetof(struct tls12_crypto_info_aes_gcm_##_bits, rec_seq),		\
}

static const struct {
	gnutls_cipher_algorithm_t cipher;
	u16 type;
	socklen_t size;
	size_t iv;
	size_t key;
	size_t key_len;
	size_t salt;
	size_t seq;
} ciphers[] = {
	CIPHER(AES_128_GCM, 128),
	CIPHER(AES_256_GCM, 256),
};

/* The same for all of them. */
#define SALT_LEN	TLS_CIPHER_AES_GCM_128_SALT_SIZE
#define IV_LEN		TLS_CIPHER_AES_GCM_128_IV_SIZE
#define SEQ_LEN		TLS_CIPHER_AES_GCM_128_REC_SEQ_SIZE

static int tls_set_direction(const struct tls_session *s, bool reading)
{
	union {
		struct tls_crypto_info head;
		u8 bytes[sizeof(struct tls12_crypto_info_aes_gcm_256)];
	} info = { 0 };
	gnutls_datum_t mac, iv, key;
	u8 seq[SEQ_LEN];
	size_t i;
	int rc = 0;

	for (i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (ciphers[i].cipher == gnutls_cipher_get(s->session))
			break;
	if (i == ARRAY_SIZE(ciphers) ||
	    gnutls_record_get_state(s->session, reading, &mac, &iv, &key, seq) ||
	    key.size != ciphers[i].key_len || iv.size != SALT_LEN + IV_LEN)
		return -EPROTO;
	info.head.version = TLS_1_3_VERSION;
	info.head.cipher_type = ciphers[i].type;
	memcpy(info.bytes + ciphers[i].salt, iv.data, SALT_LEN);
	memcpy(info.bytes + ciphers[i].iv, iv.data + SALT_LEN, IV_LEN);
	memcpy(info.bytes + ciphers[i].key, key.data, key.size);
	memcpy(info.bytes + ciphers[i].seq, seq, SEQ_LEN);
	if (setsockopt(s->fd, SOL_TLS, reading ? TLS_RX : TLS_TX, &info, ciphers[i].size))
		rc = -errno;
	explicit_bzero(&info, sizeof(info));
	return rc;
}

int tls_session_hand_over(struct tls_session *s)
{
	/* GnuTLS reads a record at a time, but the kernel must get all that follows. */
	if (gnutls_record_check_pending(s->session))
		return -EPROTO;
	if (setsockopt(s->fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls")))
		return -errno;
	return tls_set_direction(s, false) ?: tls_set_direction(s, true);
}
