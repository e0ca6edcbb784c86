/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file, see ditto.conf(5). */
#ifndef _DITTOD_CONFIG_H
#define _DITTOD_CONFIG_H

#include "common/listener.h"
#include "common/share.h"
#include "ditto-nl-gen.h"

/* Longest domain (RFC 1035 section 2.3.4) and NUL. */
#define CONFIG_DOMAIN_SIZE	256

/**
 * struct config - what a file asks for
 * @given: settings that are there, by DITTO_A_SERVER_*
 * @setting: their values
 * @domain: of our users; "" is that of the machine's name
 * @listeners: each one different
 * @nlisteners: of @listeners
 * @shares: names are unique
 * @nshares: of @shares
 */
struct config {
	bool given[DITTO_A_SERVER_MAX + 1];
	u64 setting[DITTO_A_SERVER_MAX + 1];
	char domain[CONFIG_DOMAIN_SIZE];
	struct listener *listeners;
	unsigned int nlisteners;
	struct share **shares;
	unsigned int nshares;
};

/* Mistakes in a file, one line each: "FILE:LINE: what is wrong". */
struct mistakes {
	char **text;
	unsigned int count;
};

/* Read a file. NULL if there is a mistake in it; all are then in @mistakes. */
struct config *config_read(const char *path, struct mistakes *mistakes);
/* The same for its content, which is changed; @name is for messages. */
struct config *config_parse(const char *name, char *text, size_t len,
			    struct mistakes *mistakes);
/* The configuration of an empty file. */
struct config *config_new(void);
void config_free(struct config *cfg);
void mistakes_free(struct mistakes *m);

#endif
