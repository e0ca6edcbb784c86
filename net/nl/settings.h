/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of settings, by the administrator. */
#ifndef _DITTO_NET_NL_SETTINGS_H
#define _DITTO_NET_NL_SETTINGS_H

#include <linux/siphash.h>
#include <linux/types.h>

struct ditto_server;
struct ditto_setting_desc;
struct netlink_ext_ack;
struct nlattr;

/* Settings that one request may change. */
#define DITTO_SETTING_CHANGES_MAX	256

/**
 * struct ditto_setting_change - a setting that a request changes
 * @attr: attribute to blame on error; NULL without
 * @owner: name of the owner; NULL for any
 * @name: name of the setting
 * @value: new value
 * @desc: description; set by ditto_settings_set()
 * @values: structure with the value; set by ditto_settings_set()
 * @old: value before; set by ditto_settings_set()
 */
struct ditto_setting_change {
	const struct nlattr *attr;
	const char *owner;
	const char *name;
	u32 value;
	const struct ditto_setting_desc *desc;
	void *values;
	u32 old;
};

int ditto_settings_set(struct ditto_server *srv, struct ditto_setting_change *changes,
		       unsigned int count, const siphash_key_t *key,
		       struct netlink_ext_ack *extack);

#endif
