/* SPDX-License-Identifier: GPL-2.0-only */
/* What the object ditto-owner says, see "Owner" in Documentation/offload.md. */
#ifndef _DITTO_OFFLOAD_OWNER_TEXT_H
#define _DITTO_OFFLOAD_OWNER_TEXT_H

#include "cookie.h"
#include "key.h"
#include "text.h"

#define OWNER_OBJECT	"ditto-owner"
/* Texts of OFFLOAD_OWN: the prefix is taken over; */
#define OWNER_TAKE	"take"
/* so is another one than that with the data of before; */
#define OWNER_TAKE_NEW	"take new"
/* so is one that has lost its object, and has the UUID behind this; */
#define OWNER_TAKE_UUID	"take "
/* is it this server's, and does it have the UUID behind this, and keep what is there? */
#define OWNER_IS	"is "
/* what the object says, whosever it is. */
#define OWNER_READ	"read"

/* Longest content of the object. */
#define OWNER_MAX	512
/* Longest word, with the NUL. */
#define OWNER_WORD_SIZE	64
/* Most keys of a store, and the ids of as many and another one, each with a blank. */
#define STORE_KEYS_MAX	16
#define OWNER_KEYS_SIZE	((STORE_KEYS_MAX + 1) * (2 * KEY_ID_SIZE + 1))

/**
 * struct owner_text - what the object says; a member is "" if it does not say it
 * @server: id of the server that writes below the prefix
 * @name: its name for people
 * @since: when it began to
 * @uuid: UUID of the store
 * @keys: ids of the keys of all data below the prefix, separated by blanks
 */
struct owner_text {
	char server[OWNER_WORD_SIZE];
	char name[OWNER_WORD_SIZE];
	char since[OWNER_WORD_SIZE];
	char uuid[STORE_UUID_SIZE];
	char keys[OWNER_KEYS_SIZE];
};

/* Parse the object. Returns false if it is something else; @o gets what it has of an owner. */
bool owner_text_parse(struct owner_text *o, const char *text, size_t len);
/* Make the object. Returns its length. */
size_t owner_text_make(const struct owner_text *o, char text[OWNER_MAX]);

#endif
