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

#include "mem.h"
#include "tls_session.h"

#ifndef SOL_TLS
#define SOL_TLS		282
#endif

/* The signatures and groups that GnuTLS holds to be good for the years to come. */
#define PRIORITIES	"SECURE128:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM"

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
 */
struct tls_keys {
	unsigned int refs;
	gnutls_certificate_credentials_t named;
	gnutls_certificate_credentials_t unnamed;
	gnutls_priority_t priorities;
	bool certified;
};

/**
 * struct tls_session - a handshake
 * @keys: with a reference
 * @session: GnuTLS's session
 * @fd: the socket
 * @server: this side is the server
 * @proved: the peer's certificate was verified
 * @peer: name that the server's certificate must have
 */
struct tls_session {
	struct tls_keys *keys;
	gnutls_session_t session;
	int fd;
	bool server;
	bool proved;
	char peer[TLS_PEER_SIZE];
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
	free(keys);
}

bool tls_keys_certified(const struct tls_keys *keys)
{
	return keys->certified;
}

struct tls_keys *tls_keys_new(const u32 size[TLS_FILES], const u8 *bytes, struct why *why)
{
	struct tls_keys *keys = mem_new(sizeof(*keys));
	gnutls_datum_t file[TLS_FILES];
	const char *what = "GnuTLS";
	unsigned int i;
	int rc;

	keys->refs = 1;
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
	return keys;
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

/* Return: true if the peer's certificate is valid for a purpose and, for a server, for its name. */
static bool tls_is_valid_for(struct tls_session *s, const char *purpose)
{
	gnutls_typed_vdata_st data[2] = {
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (u8 *)purpose },
		{ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (u8 *)s->peer },
	};
	unsigned int status = ~0u;

	return !gnutls_certificate_verify_peers(s->session, data, s->server ? 1 : 2, &status) &&
	       !status;
}

/* Called by GnuTLS during the handshake. Return: 0 if it may continue. */
static int tls_verify(gnutls_session_t session)
{
	struct tls_session *s = gnutls_session_get_ptr(session);
	unsigned int n = 0;

	gnutls_certificate_get_peers(session, &n);
	/* A client may stay unknown; the share decides (RFC 9289 section 4.2.1). */
	if (!n)
		return s->server ? 0 : GNUTLS_E_NO_CERTIFICATE_FOUND;
	s->proved = tls_is_valid_for(s, s->server ? GNUTLS_KP_TLS_WWW_CLIENT :
				     GNUTLS_KP_TLS_WWW_SERVER) ||
		    tls_is_valid_for(s, s->server ? PURPOSE_RPC_CLIENT : PURPOSE_RPC_SERVER);
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

/* Tell the peer why, if the socket takes it at once. */
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
		why_not(why, "the peer refuses: %s",
			gnutls_alert_get_name(gnutls_alert_get(s->session)));
	else
		why_not(why, "%s", gnutls_strerror(rc));
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
