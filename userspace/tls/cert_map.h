/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules that give names to the certificates of clients; the key client-map in ditto.conf(5). dittod
 * checks the rules, and the TLS worker applies them.
 */
#ifndef _DITTOD_CERT_MAP_H
#define _DITTOD_CERT_MAP_H

#include "common/types.h"
#include "text.h"

/* Bytes of the longest name with its NUL; the kernel takes no longer ones. */
#define CERT_NAME_SIZE		256
/* Bytes of the longest subject with its NUL; a longer one is cut. */
#define CERT_SUBJECT_SIZE	512
/* Digits of a SHA-256 fingerprint, and the NUL. */
#define CERT_PRINT_SIZE		65
/* Most DNS names of a certificate that are looked at. */
#define CERT_NAMES_MAX		64
/* Most rules. */
#define CERT_RULES_MAX		1024

/* The part of a certificate that a rule looks at. */
enum cert_part {
	CERT_DNS,		/* a DNS name among its alternative names */
	CERT_FINGERPRINT,	/* SHA-256 of the certificate */
	CERT_SUBJECT,		/* the distinguished name, as text (RFC 4514) */
	CERT_PARTS
};

/**
 * struct cert_rule - one rule
 * @part: enum cert_part
 * @pattern: pattern for the part, with * and ? as in a shell; owned
 * @name: name of a client with such a certificate; NULL if it is refused; owned
 */
struct cert_rule {
	enum cert_part part;
	char *pattern;
	char *name;
};

/**
 * struct cert_map - all rules
 * @rules: the first that matches decides
 * @n: number of entries in @rules
 */
struct cert_map {
	struct cert_rule *rules;
	unsigned int n;
};

/**
 * struct cert_id - a certificate that was verified
 * @print: fingerprint, in small hexadecimal digits
 * @subject: distinguished name
 * @names: its DNS names, which a peer has chosen within what its issuer allows
 * @n: number of entries in @names
 */
struct cert_id {
	char print[CERT_PRINT_SIZE];
	char subject[CERT_SUBJECT_SIZE];
	char names[CERT_NAMES_MAX][CERT_NAME_SIZE];
	unsigned int n;
};

/*
 * Parse "dns:PATTERN = NAME", "fingerprint:DIGITS = NAME" or "subject:PATTERN = NAME" and append
 * the rule; the name "none" refuses. Returns false and fills @why on error.
 */
bool cert_map_add(struct cert_map *map, const char *text, struct why *why);
void cert_map_free(struct cert_map *map);

/* The rules as text for cert_map_read(), a line each; the caller frees it. */
char *cert_map_text(const struct cert_map *map);
/* Make rules from such a text of @len bytes. Returns false and fills @why on error. */
bool cert_map_read(struct cert_map *map, const char *text, size_t len, struct why *why);

/**
 * cert_map_find - name a client
 * @map: the rules
 * @id: the certificate
 * @name: filled, empty if it has none
 *
 * Without rules it is the first DNS name that the kernel takes as a name.
 *
 * Return: false if the client must be refused.
 */
bool cert_map_find(const struct cert_map *map, const struct cert_id *id,
		   char name[CERT_NAME_SIZE]);

#endif
