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
#include "loop.h"
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
 * @trust: path of the roots that peers may have; NULL for those of the system
 * @clients: rules that name clients by their certificates
 */
struct tls_config {
	enum tls_agent agent;
	char *certificate;
	char *key;
	char *trust;
	struct cert_map clients;
};

bool tls_config_set_agent(struct tls_config *cfg, const char *text, struct why *why);
/* Free what @cfg points to. */
void tls_config_free(struct tls_config *cfg);

/* Create the agent, which does nothing yet. Returns NULL and sets errno on error. */
struct tls *tls_new(int spawner);
void tls_free(struct tls *t);

/*
 * Read the files of a configuration, and begin or end to listen. Errors are logged; handshakes
 * then have the keys that were there before.
 */
void tls_configure(struct tls *t, const struct tls_config *cfg);

/* Source of the event loop for all that the agent has to do. */
struct source tls_source(struct tls *t);

#endif
