/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file; ditto.conf(5) describes it. */
#ifndef _DITTOD_CONFIG_H
#define _DITTOD_CONFIG_H

#include "nl/listener.h"
#include "common/file_stamp.h"
#include "common/offload_policy.h"
#include "common/offload_schedule.h"
#include "nl/setting.h"
#include "nl/share.h"
#include "ditto-nl-gen.h"
#include "identity/identity.h"
#include "tls/tls.h"
#include "auth/service_names.h"
#include "share_roots.h"
#include "store_config.h"
#include "identity/user_map.h"

/* Longest domain (RFC 1035 section 2.3.4), including the NUL. */
#define CONFIG_DOMAIN_SIZE	256

/**
 * struct config_place - where a section stands
 * @kind: first word in its brackets
 * @name: second word, or ""
 * @file: path of its file
 * @line: line of its header
 */
struct config_place {
	const char *kind;
	char *name;
	char *file;
	unsigned int line;
};

/**
 * struct config - content of a configuration file
 * @given: true for each setting that the file contains; by enum setting_id
 * @setting: values of those settings
 * @domain: domain of our users; "" means the domain of the host name
 * @workgroup: work group of a machine without a domain, or NULL
 * @server_string: description of the machine, or NULL
 * @users: rules for names of realms and domains
 * @identity: sources of identities
 * @aliases: BUILTIN aliases that stand for groups
 * @nfsidmap: libnfsidmap maps names of NFSv4
 * @gssproxy: contexts of RPCSEC_GSS are left to gssproxy
 * @services: names of services that clients of SMB may ask for; if none, this machine's
 * @servers: further names of this machine
 * @share_roots: directories below which shares may be added by remote calls
 * @audit_log: file of the audit log; NULL if none is named
 * @scan_command: program for shares with the option scan, and its arguments; NULL without
 * @tls: the section [tls]
 * @listeners: listeners, without duplicates
 * @nlisteners: number of entries in @listeners
 * @shares: shares with unique names
 * @nshares: number of entries in @shares
 * @homes: what the home shares of users have, see homes.h; NULL if there are to be none
 * @home_create: their directories are made
 * @stores: object stores with unique names
 * @nstores: number of entries in @stores
 * @policies: policies of offloaded data with unique names and paths
 * @npolicies: number of entries in @policies
 * @schedule: what the timer does when
 * @places: where each section stands, in their order
 * @nplaces: number of entries in @places
 * @stamp: the files that it was read from
 */
struct config {
	bool given[SETTINGS];
	u32 setting[SETTINGS];
	char domain[CONFIG_DOMAIN_SIZE];
	char *workgroup;
	char *server_string;
	struct user_map users;
	struct identity_order identity;
	struct identity_aliases aliases;
	bool nfsidmap;
	bool gssproxy;
	struct service_names services;
	struct service_names servers;
	struct share_roots share_roots;
	char *audit_log;
	char *scan_command;
	struct tls_config tls;
	struct listener *listeners;
	unsigned int nlisteners;
	struct share **shares;
	unsigned int nshares;
	struct share *homes;
	bool home_create;
	struct store_config **stores;
	unsigned int nstores;
	struct offload_policy *policies;
	unsigned int npolicies;
	struct offload_schedule schedule;
	struct config_place *places;
	unsigned int nplaces;
	struct file_stamp stamp;
};

/* Errors in a file, one line each: "FILE:LINE: what is wrong". */
struct mistakes {
	char **text;
	unsigned int count;
};

struct config_texts;

/*
 * Read and parse a file. Returns a configuration that the caller frees with config_free(), or
 * NULL if the file has any error. All errors are then in @mistakes.
 */
struct config *config_read(const char *path, struct mistakes *mistakes);
/*
 * Parse the content of a file, which is modified. @name appears in error messages. Returns the
 * same as config_read().
 */
struct config *config_parse(const char *name, char *text, size_t len,
			    struct mistakes *mistakes);
/* Parse the content of files as if it were in one. Returns the same as config_read(). */
struct config *config_texts_parse(const struct config_texts *texts, struct mistakes *mistakes);
/* Return the configuration of an empty file. */
struct config *config_new(void);
/* Return the store of a name, or NULL. */
const struct store_config *config_store(const struct config *cfg, const char *name);
/* Return where the first section "[KIND NAME]" stands, or NULL; @name is "" if it has none. */
const struct config_place *config_place_find(const struct config *cfg, const char *kind,
					     const char *name);
/* Fill in what is due when: the section [schedule] if there are stores, and what the shares say. */
void config_schedule(const struct config *cfg, struct offload_schedule *s);
/* Free a configuration; NULL is allowed. */
void config_free(struct config *cfg);
/* Free the texts of @m; the structure itself stays the caller's. */
void mistakes_free(struct mistakes *m);

/* Whether a share has a bin. */
bool config_has_trash(const struct config *cfg);

#endif
