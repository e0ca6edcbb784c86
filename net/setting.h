/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptions of settings.
 *
 * The core and each protocol describe their settings in one file, setting_defs.h. Everything else
 * is made from it: the structure with the values, the table that is registered with
 * ditto_settings_register(), and in userspace the parser, the help and the manual page.
 *
 * A line of such a file is
 *
 *	SETTING(kind, name, field, initial, min, max, values, doc)
 *
 * kind is a value of enum ditto_setting_kind without the prefix. values is the unit of a NUMBER, or
 * "", or the names of an ENUM from 0 on or of FLAGS from bit 0 on, separated by '|'. doc is one or
 * more sentences for the administrator, which only the programs contain.
 *
 * Options of shares have descriptions of the same form, see option.h.
 */
#ifndef _DITTO_NET_SETTING_H
#define _DITTO_NET_SETTING_H

#include <linux/list.h>
#include <linux/stddef.h>
#include <linux/types.h>

struct ditto_server;

/* The values match the netlink enum "setting-type". */
enum ditto_setting_kind {
	DITTO_SETTING_BOOL,
	DITTO_SETTING_NUMBER,
	DITTO_SETTING_ENUM,
	DITTO_SETTING_VERSION,	/* 0x0311 is 3.1.1 */
	DITTO_SETTING_FLAGS,
	DITTO_SETTING_MODE,	/* permission bits, shown in octal */
};

/* C types of the kinds. */
#define DITTO_SETTING_C_BOOL	bool
#define DITTO_SETTING_C_NUMBER	u32
#define DITTO_SETTING_C_ENUM	u32
#define DITTO_SETTING_C_VERSION	u32
#define DITTO_SETTING_C_FLAGS	u32
#define DITTO_SETTING_C_MODE	u32

/**
 * struct ditto_setting_desc - description of a setting, or of an option of shares
 * @name: name, unique among all owners
 * @kind: enum ditto_setting_kind
 * @offset: of the value in the owner's structure
 * @initial: default
 * @min: smallest value
 * @max: largest value
 * @values: unit of a number, or names of an enum or of flags separated by '|'
 */
struct ditto_setting_desc {
	const char *name;
	u16 kind;
	u16 offset;
	u32 initial;
	u32 min;
	u32 max;
	const char *values;
};

/* The entry of a table for a line of setting_defs.h, for values in @_struct. */
#define DITTO_SETTING_DESC(_struct, _kind, _name, _field, _initial, _min, _max, _values, _doc) \
	{ .name = (_name), .kind = DITTO_SETTING_##_kind, \
	  .offset = offsetof(_struct, _field), .initial = (_initial), \
	  .min = (_min), .max = (_max), .values = (_values) },

/* The member of a structure with values for a line of setting_defs.h. */
#define DITTO_SETTING_MEMBER(_kind, _name, _field, ...) DITTO_SETTING_C_##_kind _field;

/**
 * struct ditto_setting_owner - who has settings: the core or a protocol
 * @name: "core", or the name of the protocol
 * @descs: descriptions
 * @count: entries of @descs
 * @of: finds the structure with the values of a server
 * @list: in the list of owners
 */
struct ditto_setting_owner {
	const char *name;
	const struct ditto_setting_desc *descs;
	unsigned int count;
	void *(*of)(const struct ditto_server *srv);
	struct list_head list;
};

/*
 * Settings of the core, described in setting_defs.h. As in the structures of the protocols, each
 * member is read with READ_ONCE() and written under the settings lock of net/nl/settings.c.
 */
struct ditto_settings {
#define SETTING(...) DITTO_SETTING_MEMBER(__VA_ARGS__)
#include "setting_defs.h"
};

void ditto_settings_defaults(const struct ditto_setting_owner *owner, void *values);
void ditto_settings_init(struct ditto_server *srv);
int ditto_settings_register(struct ditto_setting_owner *owner);
void ditto_settings_unregister(struct ditto_setting_owner *owner);
void ditto_setting_owners_hold(void);
unsigned int ditto_setting_owners_generation(void);
void ditto_setting_owners_release(void);
struct ditto_setting_owner *ditto_setting_owner_find(const char *name);
const struct ditto_setting_desc *ditto_setting_find(const char *name,
						    struct ditto_setting_owner **owner);
u32 ditto_setting_read(const void *values, const struct ditto_setting_desc *desc);
void ditto_setting_write(void *values, const struct ditto_setting_desc *desc, u32 value);
int ditto_settings_for_each(const struct ditto_server *srv,
			    int (*fn)(const struct ditto_setting_owner *owner,
				      const struct ditto_setting_desc *desc, u32 value, void *arg),
			    void *arg);

#endif
