/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS 1.3 handshakes by GnuTLS on connected sockets that never block, and their hand-over to the
 * kernel (kTLS), which encrypts from then on. Used by the TLS worker.
 *
 * RPC-with-TLS needs TLS 1.3 (RFC 9289 section 5). Only ciphers that all kernels with kTLS have
 * are negotiated. Session tickets are not sent: the kernel expects data after a handshake.
 */
#ifndef _DITTOD_TLS_SESSION_H
#define _DITTOD_TLS_SESSION_H

#include "cert_map.h"
#include "common/types.h"
#include "text.h"

/* Longest name of a peer (RFC 1035 section 2.3.4), including the NUL. */
#define TLS_PEER_SIZE	256
/* Longest file of certificates or keys. */
#define TLS_FILE_MAX	(4 * 1024 * 1024)

/* Files in the order of a bundle; certificates, lists and keys are in PEM format. */
enum tls_file {
	TLS_CERTIFICATE,
	TLS_PRIVATE_KEY,
	TLS_TRUST,
	TLS_CRL,
	TLS_CLIENTS,	/* rules that name clients, see cert_map.h */
	TLS_FILES
};

struct tls_keys;
struct tls_session;

/**
 * tls_keys_new - take the contents of files
 * @size: length of each file in bytes; 0 for none. A certificate needs a private key
 * @bytes: their contents, one after the other
 * @why: filled on error; otherwise empty, or a warning about what was taken
 *
 * Return: keys with one reference, for tls_keys_put(); NULL on error.
 */
struct tls_keys *tls_keys_new(const u32 size[TLS_FILES], const u8 *bytes, struct why *why);
void tls_keys_put(struct tls_keys *keys);
/* True if there is a certificate, which a server needs. */
bool tls_keys_certified(const struct tls_keys *keys);

/**
 * tls_session_new - begin a handshake
 * @keys: gets a reference
 * @fd: connected socket; stays the caller's
 * @server: this side is the server
 * @certify: a client sends its certificate if the server asks for one; ignored for a server
 * @peer: name or address that a server's certificate must have; ignored for a server
 *
 * A client verifies the server's certificate always. A server asks for a certificate, and verifies
 * it if there is one; the rules then name the client or refuse it.
 *
 * Return: the session, or NULL without memory.
 */
struct tls_session *tls_session_new(struct tls_keys *keys, int fd, bool server, bool certify,
				    const char *peer);
void tls_session_free(struct tls_session *s);

/**
 * tls_session_step - continue a handshake
 * @s: the session
 * @why: filled on error
 *
 * Return: 0 when it is complete; -EAGAIN to be called again after tls_session_events();
 * -EACCES if the peer was not proved or refuses; another negative errno.
 */
int tls_session_step(struct tls_session *s, struct why *why);
/* The event to wait for: POLLIN or POLLOUT. */
short tls_session_events(const struct tls_session *s);
/* True if the peer has a certificate that was verified. For a complete handshake. */
bool tls_session_proved(const struct tls_session *s);
/* The name of a client that has proved itself, or "". */
const char *tls_session_name(const struct tls_session *s);

/**
 * tls_session_hand_over - let the kernel encrypt and decrypt
 * @s: a session whose handshake is complete
 *
 * Return: 0 or a negative errno; -ENOENT if the kernel has no TLS.
 */
int tls_session_hand_over(struct tls_session *s);

#endif
