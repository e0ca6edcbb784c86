// SPDX-License-Identifier: GPL-2.0-only
/*
 * 8.3 names, see shortname.h: the first character of the name, five digits of a hash, '~', one
 * more digit, and the extension. Example: "N1A2B3~C.TXT" for "name of a file.txt".
 */

#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/string.h>

#include "../share/share.h"
#include "casefold_index.h"
#include "op_private.h"
#include "shortname.h"

#define BASE_MAX	8
#define EXTENSION_MAX	3
#define TILDE_AT	(BASE_MAX - 2)

/* Not secret: short names must be the same on every machine. */
static const siphash_key_t shortname_key = {
	{ 0x646974746f207368ULL, 0x6f7274206e616d65ULL }
};

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool ditto_has_shortnames(const struct ditto_share *share)
{
	bool has;

	rcu_read_lock();
	has = rcu_dereference(share->opts)->short_names;
	rcu_read_unlock();
	return has;
}
EXPORT_SYMBOL_NS_GPL(ditto_has_shortnames, DITTO);

static bool is_legal(char c)
{
	return c && isascii(c) && (isalnum(c) || strchr("!#$%&'()-@^_`{}~", c));
}

bool ditto_is_shortname(const struct ditto_name *name)
{
	const char *dot = memchr(name->name, '.', name->len);
	u32 base = dot ? dot - name->name : name->len;

	if (!base || base > BASE_MAX)
		return false;
	if (dot && (name->len - base < 2 || name->len - base > EXTENSION_MAX + 1))
		return false;
	for (u32 i = 0; i < name->len; i++)
		if (i != base && !is_legal(name->name[i]))
			return false;
	return true;
}
EXPORT_SYMBOL_NS_GPL(ditto_is_shortname, DITTO);

/*
 * Append the part behind the last dot, unless that dot begins the name. Return: its length
 * including the dot.
 */
static u32 put_extension(const struct ditto_name *name, char *out)
{
	u32 at = name->len, len = 0;

	while (at && name->name[at - 1] != '.')
		at--;
	if (at < 2)
		return 0;
	for (; at < name->len && len < EXTENSION_MAX; at++)
		if (is_legal(name->name[at]))
			out[++len] = toupper(name->name[at]);
	if (!len)
		return 0;
	out[0] = '.';
	return len + 1;
}

u32 ditto_shortname(const struct ditto_name *name, char *out)
{
	u64 hash = siphash(name->name, name->len, &shortname_key);
	u32 digit;

	out[0] = is_legal(name->name[0]) ? toupper(name->name[0]) : '_';
	for (u32 i = 1; i < BASE_MAX; i++) {
		if (i == TILDE_AT) {
			out[i] = '~';
			continue;
		}
		hash = div_u64_rem(hash, sizeof(digits) - 1, &digit);
		out[i] = digits[digit];
	}
	return BASE_MAX + put_extension(name, out + BASE_MAX);
}
EXPORT_SYMBOL_NS_GPL(ditto_shortname, DITTO);

int ditto_shortname_find(struct ditto_share *share, struct ditto_node *dir,
			 const struct ditto_name *name, char *found)
{
	/* Names of another form cannot be found, so they cost no search. */
	if (name->len < BASE_MAX || name->name[TILDE_AT] != '~' || !ditto_is_shortname(name) ||
	    !ditto_has_shortnames(share))
		return -ENOENT;
	return ditto_casefold_find(share, dir, name, true, found);
}
