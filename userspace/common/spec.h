/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The netlink specification as tables: names, types and limits of attributes and commands. The
 * tables are in ditto-nl-gen.c.
 */
#ifndef _DITTO_SPEC_H
#define _DITTO_SPEC_H

#include "types.h"

struct nla_policy;

/* Encoding of an attribute in a message. */
enum spec_kind {
	SPEC_U8,
	SPEC_U16,
	SPEC_U32,
	SPEC_U64,
	SPEC_STRING,
	SPEC_BINARY,
	SPEC_NEST,
};

/* Text format of an attribute. */
enum spec_form {
	SPEC_PLAIN,	/* a number or a string as it is */
	SPEC_BOOL,
	SPEC_ENUM,
	SPEC_FLAGS,	/* comma-separated names */
	SPEC_ADDRESS,	/* 4 or 16 bytes */
	SPEC_UUID,	/* 16 bytes */
	SPEC_NUMBERS,	/* array of 32 bit numbers */
	SPEC_HEX,
	SPEC_SID,	/* S-1-... */
	SPEC_TIME_NS,	/* wall clock, since 1970 */
	SPEC_TIME_S,
};

/**
 * struct spec_enum - values with names
 * @name: name of the enum
 * @flags: the n-th name stands for bit n, else for the value n
 * @names: names in the order of their values; NULL for a number without name
 * @count: entries of @names
 */
struct spec_enum {
	const char *name;
	bool flags;
	const char *const *names;
	unsigned int count;
};

/**
 * struct spec_attr - an attribute
 * @name: name in the specification; NULL for an unused number
 * @kind: encoding in a message
 * @form: text format
 * @multi: may occur several times
 * @min: smallest number
 * @max: largest number
 * @max_len: bytes of the longest string (without NUL) or binary; 0 for no limit
 * @exact_len: bytes of a binary of fixed size; else 0
 * @values: names of SPEC_ENUM and SPEC_FLAGS
 * @nested: attributes of a nest
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
 * @name: name of the set
 * @attrs: attributes by number; 0 is not used
 * @policy: policy for libnl
 * @max: largest number
 */
struct spec_set {
	const char *name;
	const struct spec_attr *attrs;
	const struct nla_policy *policy;
	unsigned int max;
};

/**
 * struct spec_op - a command
 * @name: name in the specification
 * @set: attributes of the command
 * @request: numbers of the attributes of its request, ended by 0; NULL for none
 * @reply: numbers of the attributes of its reply, ended by 0; NULL for none
 */
struct spec_op {
	const char *name;
	const struct spec_set *set;
	const u16 *request;
	const u16 *reply;
};

/* Value of a name (a bit for flags), or -1. '_' and '-' are equal. */
s64 spec_enum_value(const struct spec_enum *e, const char *name);
/* Name of a value, or "?" if it is unknown. Not for flags. */
const char *spec_enum_name(const struct spec_enum *e, u64 value);
/* Write all names, separated by commas; returns @buf. */
const char *spec_enum_all(const struct spec_enum *e, char *buf, size_t size);
/* Number of the attribute with a name, or 0. '_' and '-' are equal. */
unsigned int spec_attr_find(const struct spec_set *set, const char *name);
/* True if a number is in a list that is ended by 0. */
bool spec_list_has(const u16 *list, unsigned int type);
/* True if two words are equal, where '_' equals '-'. */
bool spec_same_word(const char *a, const char *b);

#endif
