/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of the server: their descriptions, and their values as text and in messages.
 *
 * The descriptions come from the same files as in the kernel modules.
 */
#ifndef _DITTO_SETTING_H
#define _DITTO_SETTING_H

#include "common/text.h"

struct nl_msg;

/* The entry of a table for a line of setting_defs.h or option_defs.h. */
#define SETTING_DESCRIPTION(_owner, _kind, _name, _field, _initial, _min, _max, _values, _doc) \
	{ .name = _name, .owner = _owner, .type = DITTO_SETTING_TYPE_##_kind, \
	  .initial = _initial, .min = _min, .max = _max, .values = _values, .doc = _doc },

/* Bytes of the longest text of a value, with its NUL. */
#define SETTING_TEXT_MAX	32

#define SETTING_ID(_kind, _name, _field, ...) SETTING_##_field,

/* Places of the settings in the table. */
enum setting_id {
#define SETTING(...) SETTING_ID(__VA_ARGS__)
#include "../../net/setting_defs.h"
#define SETTING(...) SETTING_ID(__VA_ARGS__)
#include "../../fs/nfs/setting_defs.h"
#define SETTING(...) SETTING_ID(__VA_ARGS__)
#include "../../smb/setting_defs.h"
	SETTINGS
};

/**
 * struct setting - description of a setting, or of an option of shares
 * @name: name, with '-'
 * @owner: "core", or the protocol that has it
 * @type: enum ditto_setting_type
 * @initial: default
 * @min: smallest value
 * @max: largest value
 * @values: unit of a number, or names of an enum or of flags separated by '|'
 * @doc: meaning
 */
struct setting {
	const char *name;
	const char *owner;
	u32 type;
	u32 initial;
	u32 min;
	u32 max;
	const char *values;
	const char *doc;
};

/* By enum setting_id. */
extern const struct setting settings[SETTINGS];

/* Place of the setting with a name, or SETTINGS. '_' and '-' are equal. */
unsigned int setting_find(const char *name);
/* The i-th name for text_nearest(). */
const char *setting_name(const void *arg, unsigned int i);
/* Parse a value. Returns false and fills @why on error. */
bool setting_read(const struct setting *s, const char *text, u32 *value, struct why *why);
/* Format a value as setting_read() parses it; returns @buf. */
const char *setting_text(const struct setting *s, u32 value, char buf[SETTING_TEXT_MAX]);
/* Describe the allowed values for display; returns @buf. */
const char *setting_values(const struct setting *s, char *buf, size_t size);

/* Add a setting to DITTO_CMD_SERVER_SET. */
void setting_put(struct nl_msg *msg, const struct setting *s, u32 value);
/*
 * Read a reply to DITTO_CMD_SETTING_GET, which has no @doc. The texts of @s are parts of the
 * message. Returns false if it is malformed.
 */
bool setting_from_msg(struct nl_msg *msg, struct setting *s, u32 *value);

#endif
