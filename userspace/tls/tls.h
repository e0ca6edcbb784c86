/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLS agent: takes the kernel's requests for handshakes, as tlshd does, and has the TLS worker
 * perform them. dittod itself reads nothing that a peer sends.
 *
 * To be used by the thread of the event loop only.
 */
#ifndef _DITTOD_TLS_H
#define _DITTOD_TLS_H

#include "cert_map.h"
#include "common/types.h"
#include "daemon/loop.h"
#include "text.h"

struct tls;

/* Whether dittod is the agent. */
enum tls_agent {
	TLS_AGENT_AUTO,		/* with a certificate, and if no other program listens */
	TLS_AGENT_ON,
	TLS_AGENT_OFF,
};

/**
 * struct tls_config - the section [tls] of the configuration
 * @agent: enum tls_agent
 * @certificate: path of the certificate and those that lead to its root, or NULL
 * @key: path of its private key, or NULL
 * @trust: path of the roots that peers may have; NULL for the system's
 * @crl: path of the lists of certificates that were revoked, or NULL
 * @clients: rules that name clients by their certificates
 */
struct tls_config {
	enum tls_agent agent;
	char *certificate;
	char *key;
	char *trust;
	char *crl;
	struct cert_map clients;
};

bool tls_config_set_agent(struct tls_config *cfg, const char *text, struct why *why);
/* Free what @cfg points to. */
void tls_config_free(struct tls_config *cfg);

/**
 * tls_new - create the agent, which does nothing yet
 * @spawner: socket of the spawner
 * @told: called with what is wrong with the files, or NULL once nothing is any more
 * @arg: argument of @told
 *
 * Return: the agent, or NULL with errno set.
 */
struct tls *tls_new(int spawner, void (*told)(void *arg, const char *problem), void *arg);
void tls_free(struct tls *t);

/*
 * Read the files of a configuration, and begin or end to listen. If one of them cannot be used,
 * that is logged and reported, and handshakes have all that was read before, together: a server
 * without certificate, or with new roots and an old list of revoked certificates, would be worse.
 */
void tls_configure(struct tls *t, const struct tls_config *cfg);

/* Say whether the files can be used. Returns false and fills @why; @why may also be a warning. */
bool tls_config_check(const struct tls_config *cfg, struct why *why);

/* Source of the event loop for all that the agent has to do. */
struct source tls_source(struct tls *t);

#endif
