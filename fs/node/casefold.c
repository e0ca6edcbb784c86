// SPDX-License-Identifier: GPL-2.0-only
/*
 * Case folding of names, see casefold.h. Most names are ASCII and take a fast path with the same
 * result.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/unicode.h>

#include "casefold.h"

static_assert(DITTO_FOLDED_MAX == 3 * NAME_MAX + 1);

/* Not secret: the hash of a path must be the same on every machine. */
static const siphash_key_t path_key = {
	{ 0x646974746f207061ULL, 0x7468206861736820ULL }
};

#if IS_REACHABLE(CONFIG_UNICODE)

/* NULL if only ASCII can be folded. */
static struct unicode_map *foldings;

static int fold_hash(const struct ditto_name *name, u32 *hash)
{
	struct qstr str = QSTR_INIT(name->name, name->len);
	int err;

	if (!foldings)
		return -EINVAL;
	err = utf8_casefold_hash(foldings, NULL, &str);
	*hash = str.hash;
	return err;
}

int ditto_name_fold(const struct ditto_name *name, char *out, size_t size)
{
	const struct qstr str = QSTR_INIT(name->name, name->len);

	return foldings ? utf8_casefold(foldings, &str, out, size) : -EINVAL;
}

/* Compare names directly: they are short, and rarely differ when this is called. */
static bool fold_same(const struct ditto_name *a, const struct ditto_name *b)
{
	const struct qstr one = QSTR_INIT(a->name, a->len);
	const struct qstr two = QSTR_INIT(b->name, b->len);

	return foldings && !utf8_strncasecmp(foldings, &one, &two);
}

void ditto_casefold_tables_init(void)
{
	struct unicode_map *map = utf8_load(UNICODE_AGE(12, 1, 0));

	if (IS_ERR(map))
		pr_warn("no Unicode tables: only ASCII letters are found in the other case\n");
	else
		foldings = map;
}

void ditto_casefold_tables_exit(void)
{
	utf8_unload(foldings);
}

#else

static int fold_hash(const struct ditto_name *name, u32 *hash)
{
	return -EINVAL;
}

int ditto_name_fold(const struct ditto_name *name, char *out, size_t size)
{
	return -EINVAL;
}

static bool fold_same(const struct ditto_name *a, const struct ditto_name *b)
{
	return false;
}

void ditto_casefold_tables_init(void)
{
	pr_warn("the kernel has no Unicode tables: only ASCII letters are found in the other case\n");
}

void ditto_casefold_tables_exit(void) {}

#endif

static bool is_ascii(const struct ditto_name *name)
{
	for (u32 i = 0; i < name->len; i++)
		if (!isascii(name->name[i]))
			return false;
	return true;
}

/* Hash the folded form of a name. Context: any. Return: false if the name has no folded form. */
bool ditto_name_hash(const struct ditto_name *name, u32 *hash)
{
	unsigned long h = init_name_hash(NULL);

	for (u32 i = 0; i < name->len; i++) {
		unsigned char c = name->name[i];

		if (!isascii(c))
			return !fold_hash(name, hash);
		h = partial_name_hash(isupper(c) ? c - 'A' + 'a' : c, h);
	}
	*hash = end_name_hash(h);
	return true;
}

/**
 * ditto_names_same - compare two names without regard to case
 * @a: a name
 * @b: another name
 *
 * Context: any.
 * Return: true if they are equal or differ in case only.
 */
bool ditto_names_same(const struct ditto_name *a, const struct ditto_name *b)
{
	if (a->len == b->len && !strncasecmp(a->name, b->name, a->len) && is_ascii(a) &&
	    is_ascii(b))
		return true;
	if (a->len == b->len && !memcmp(a->name, b->name, a->len))
		return true;
	return (!is_ascii(a) || !is_ascii(b)) && fold_same(a, b);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_same, "DITTO");

/* Return: 0 or -ENOMEM. */
static int fold_siphash(const struct ditto_name *name, u64 *hash)
{
	char *folded = kmalloc(DITTO_FOLDED_MAX, GFP_KERNEL);
	int len;

	if (!folded)
		return -ENOMEM;
	len = ditto_name_fold(name, folded, DITTO_FOLDED_MAX);
	*hash = len > 0 ? siphash(folded, len, &path_key) :
			  siphash(name->name, name->len, &path_key);
	kfree(folded);
	return 0;
}

static int component_siphash(const struct ditto_name *name, bool exact, u64 *hash)
{
	u8 lower[NAME_MAX];

	if (exact || name->len > NAME_MAX) {
		*hash = siphash(name->name, name->len, &path_key);
		return 0;
	}
	for (u32 i = 0; i < name->len; i++) {
		unsigned char c = name->name[i];

		if (!isascii(c))
			return fold_siphash(name, hash);
		lower[i] = tolower(c);
	}
	*hash = siphash(lower, name->len, &path_key);
	return 0;
}

/**
 * ditto_path_hash - hash the folded form of a path
 * @path: components separated by '/'
 * @len: bytes of @path
 * @exact: case matters: hash it as it is
 *
 * The hash may be stored: it is the same on every machine, with Unicode tables of the same version.
 * A component without a folded form is hashed as it is.
 *
 * Return: the hash, or 0 without memory.
 */
u64 ditto_path_hash(const char *path, u32 len, bool exact)
{
	const char *end = path + len, *slash;
	struct ditto_name name;
	u64 hash = 0, part;

	for (; path <= end; path += name.len + 1) {
		slash = memchr(path, '/', end - path);
		name = (struct ditto_name){ .name = path, .len = (slash ?: end) - path };
		if (component_siphash(&name, exact, &part))
			return 0;
		hash = siphash_2u64(hash, part, &path_key);
	}
	return hash ?: 1;
}
EXPORT_SYMBOL_NS_GPL(ditto_path_hash, "DITTO");
