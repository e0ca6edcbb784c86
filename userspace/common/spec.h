/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The netlink specification as tables: names, types and limits of what the
 * kernel is told and tells. The tables are in ditto-nl-gen.c.
 */
#ifndef _DITTO_SPEC_H
#define _DITTO_SPEC_H

#include "types.h"

struct nla_policy;

/* How an attribute lies in a message. */
enum spec_kind {
	SPEC_U8,
	SPEC_U16,
	SPEC_U32,
	SPEC_U64,
	SPEC_STRING,
	SPEC_BINARY,
	SPEC_NEST,
};

/* How people write it. */
enum spec_form {
	SPEC_PLAIN,	/* a number or a string as it is */
	SPEC_BOOL,
	SPEC_ENUM,
	SPEC_FLAGS,	/* names with commas between */
	SPEC_ADDRESS,	/* 4 or 16 bytes */
	SPEC_UUID,	/* 16 bytes */
	SPEC_NUMBERS,	/* array of 32 bit numbers */
	SPEC_HEX,
	SPEC_TIME_NS,	/* wall clock, since 1970 */
	SPEC_TIME_S,
	SPEC_DIALECT,	/* 3.1.1 */
};

/**
 * struct spec_enum - values with names
 * @name: of the enum
 * @flags: the n-th name stands for bit n, else for the value n
 * @names: in order of value
 * @count: of @names
 */
struct spec_enum {
	const char *name;
	bool flags;
	const char *const *names;
	unsigned int count;
};

/**
 * struct spec_attr - one attribute
 * @name: as in the specification; NULL for a number that is not used
 * @kind: how it lies in a message
 * @form: how people write it
 * @multi: may come several times
 * @min: smallest number
 * @max: largest number
 * @max_len: longest string (without NUL) or binary; 0 without limit
 * @exact_len: of a binary; 0 if it varies
 * @values: of SPEC_ENUM and SPEC_FLAGS
 * @nested: what a nest contains
 */
struct spec_attr {
	const char *name;
	enum spec_kind kind;
	enum spec_form form;
	bool multi;
	u64 min;
	u64 max;
	u32 max_len;
	u32 exact_len;
	const struct spec_enum *values;
	const struct spec_set *nested;
};

/**
 * struct spec_set - the attributes of one kind of object
 * @name: of the set
 * @attrs: by number; 0 is not used
 * @policy: the same for libnl
 * @max: largest number
 */
struct spec_set {
	const char *name;
	const struct spec_attr *attrs;
	const struct nla_policy *policy;
	unsigned int max;
};

/**
 * struct spec_op - one command
 * @name: as in the specification
 * @set: whose attributes it takes and gives
 * @request: numbers of what it takes, ended by 0; NULL for nothing
 * @reply: the same for what it gives
 */
struct spec_op {
	const char *name;
	const struct spec_set *set;
	const u16 *request;
	const u16 *reply;
};

/* Value of a name (a bit for flags), or -1. '_' and '-' are the same. */
s64 spec_enum_value(const struct spec_enum *e, const char *name);
/* Name of a value, "?" for one that is not known. Not for flags. */
const char *spec_enum_name(const struct spec_enum *e, u64 value);
/* All names with commas between; returns @buf. */
const char *spec_enum_all(const struct spec_enum *e, char *buf, size_t size);
/* Number of the attribute with a name, or 0. '_' and '-' are the same. */
unsigned int spec_attr_find(const struct spec_set *set, const char *name);
/* Is a number in a list ended by 0? */
bool spec_list_has(const u16 *list, unsigned int type);
/* Do two words agree if '_' and '-' are the same? */
bool spec_same_word(const char *a, const char *b);

#endif
