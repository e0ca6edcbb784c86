// SPDX-License-Identifier: GPL-2.0-only
/* Writes JSON (RFC 8259), and netlink replies as JSON according to their specification. */

#include <stdio.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "ditto-nl-gen.h"
#include "nl/share.h"
#include "nl/nl.h"
#include "out.h"
#include "text.h"

/* The next value must be preceded by a comma. Only one document is written at a time. */
static bool comma;
/* Brackets that are open. */
static unsigned int depth;

static void json_begin(FILE *out, const char *key)
{
	if (comma)
		putc(',', out);
	comma = true;
	if (!key)
		return;
	putc('"', out);
	for (; *key; key++)
		putc(*key == '-' ? '_' : *key, out);
	fputs("\":", out);
}

void json_open(FILE *out, const char *key, char bracket)
{
	json_begin(out, key);
	putc(bracket, out);
	comma = false;
	depth++;
}

void json_close(FILE *out, char bracket)
{
	putc(bracket, out);
	comma = true;
	depth--;
}

void json_string(FILE *out, const char *key, const char *text)
{
	json_begin(out, key);
	text_put_json(out, text);
}

void json_number(FILE *out, const char *key, u64 value)
{
	json_begin(out, key);
	/* Programs that read numbers as doubles would round it, up to 2^64. */
	if (value == UINT64_MAX)
		fputs("null", out);
	else
		fprintf(out, "%llu", value);
}

void json_signed(FILE *out, const char *key, s64 value)
{
	json_begin(out, key);
	fprintf(out, "%lld", value);
}

void json_real(FILE *out, const char *key, double value)
{
	json_begin(out, key);
	fprintf(out, "%.3f", value);
}

void json_bool(FILE *out, const char *key, bool value)
{
	json_begin(out, key);
	fputs(value ? "true" : "false", out);
}

void json_end(FILE *out)
{
	/* What a command prints may be a part of what another one does. */
	if (depth)
		return;
	putc('\n', out);
	comma = false;
	fflush(out);
}

static void put_flags(FILE *out, const char *key, const struct spec_enum *e, u64 value)
{
	unsigned int i;

	json_open(out, key, '[');
	for (i = 0; i < e->count; i++)
		if (e->names[i] && value & (1ULL << i))
			json_string(out, NULL, e->names[i]);
	json_close(out, ']');
}

static void put_numbers(FILE *out, const char *key, struct nlattr *nla)
{
	u32 value;
	int i;

	json_open(out, key, '[');
	for (i = 0; i + 4 <= nla_len(nla); i += 4) {
		memcpy(&value, (char *)nla_data(nla) + i, 4);
		json_number(out, NULL, value);
	}
	json_close(out, ']');
}

static void put_set(FILE *out, struct nlattr *first, int len, const struct spec_set *set,
		    const u16 *order);

/* A nest that only repeats one attribute is written as a list. */
static bool is_list(const struct spec_set *set)
{
	return set->max == 1 && set->attrs[1].multi;
}

static void put_all(FILE *out, const char *key, struct nlattr *first, int len,
		    const struct spec_set *set, unsigned int type);

static void put_nest(FILE *out, const char *key, const struct spec_attr *attr,
		     struct nlattr *nla)
{
	if (is_list(attr->nested)) {
		put_all(out, key, nla_data(nla), nla_len(nla), attr->nested, 1);
		return;
	}
	json_open(out, key, '{');
	put_set(out, nla_data(nla), nla_len(nla), attr->nested, NULL);
	json_close(out, '}');
}

static void put_value(FILE *out, const char *key, const struct spec_attr *attr,
		      struct nlattr *nla)
{
	char buf[OUT_VALUE_MAX];

	if (attr->kind == SPEC_NEST)
		put_nest(out, key, attr, nla);
	else if (attr->kind == SPEC_STRING)
		json_string(out, key, nla_get_string(nla));
	else if (attr->form == SPEC_BOOL)
		json_bool(out, key, msg_number(attr, nla));
	else if (attr->form == SPEC_FLAGS)
		put_flags(out, key, attr->values, msg_number(attr, nla));
	else if (attr->form == SPEC_NUMBERS)
		put_numbers(out, key, nla);
	else if (attr->form == SPEC_PLAIN)
		json_number(out, key, msg_number(attr, nla));
	else
		json_string(out, key, value_text(attr, nla, buf, sizeof(buf)));
}

/* Write every occurrence of an attribute as a list. */
static void put_all(FILE *out, const char *key, struct nlattr *first, int len,
		    const struct spec_set *set, unsigned int type)
{
	struct nlattr *nla;
	int rest;

	json_open(out, key, '[');
	nla_for_each_attr(nla, first, len, rest)
		if ((unsigned int)nla_type(nla) == type)
			put_value(out, NULL, &set->attrs[type], nla);
	json_close(out, ']');
}

/* Write an option of a share as its description says. */
static void put_option(FILE *out, const struct setting *option, u32 value)
{
	char text[SETTING_TEXT_MAX];
	char *word, *rest = text;

	setting_text(option, value, text);
	switch (option->type) {
	case DITTO_SETTING_TYPE_BOOL:
		json_bool(out, option->name, value);
		break;
	case DITTO_SETTING_TYPE_ENUM:
		json_string(out, option->name, text);
		break;
	case DITTO_SETTING_TYPE_FLAGS:
		json_open(out, option->name, '[');
		while ((word = strsep(&rest, ",")))
			if (word[0])
				json_string(out, NULL, word);
		json_close(out, ']');
		break;
	default:
		json_number(out, option->name, value);
	}
}

/*
 * Write the options of a share as members. Of a module that is not loaded only the given ones are
 * known; the others have their defaults.
 */
static void put_options(FILE *out, struct nlattr *first, int len, unsigned int type)
{
	u32 value, values[SHARE_OPTIONS];
	struct nlattr *nla;
	const char *name;
	unsigned int id;
	int rest;

	if (!nla_find(first, len, (int)type))
		return;
	for (id = 0; id < SHARE_OPTIONS; id++)
		values[id] = share_options[id].initial;
	nla_for_each_attr(nla, first, len, rest) {
		if ((unsigned int)nla_type(nla) != type)
			continue;
		id = share_option_parse(nla, &name, &value);
		if (id < SHARE_OPTIONS)
			values[id] = value;
		else if (name)
			json_number(out, name, value);
	}
	for (id = 0; id < SHARE_OPTIONS; id++)
		put_option(out, &share_options[id], values[id]);
}

static void put_attr(FILE *out, struct nlattr *first, int len, const struct spec_set *set,
		     unsigned int type)
{
	const struct spec_attr *attr = &set->attrs[type];
	struct nlattr *nla;

	if (attr->nested == &spec_share_option_set) {
		put_options(out, first, len, type);
		return;
	}
	if (attr->multi) {
		put_all(out, attr->name, first, len, set, type);
		return;
	}
	nla = nla_find(first, len, (int)type);
	if (nla) {
		put_value(out, attr->name, attr, nla);
	} else if (attr->kind == SPEC_NEST && is_list(attr->nested)) {
		json_open(out, attr->name, '[');
		json_close(out, ']');
	}
}

static void put_set(FILE *out, struct nlattr *first, int len, const struct spec_set *set,
		    const u16 *order)
{
	unsigned int i;

	if (order) {
		for (; *order; order++)
			put_attr(out, first, len, set, *order);
		return;
	}
	for (i = 1; i <= set->max; i++)
		if (set->attrs[i].name)
			put_attr(out, first, len, set, i);
}

/* Check an attribute set, including its nests, before any of it is written. */
static bool is_sound(struct nlattr *first, int len, const struct spec_set *set)
{
	struct nlattr *nla;
	int rest;

	if (nla_validate(first, len, (int)set->max, set->policy) < 0)
		return false;
	nla_for_each_attr(nla, first, len, rest) {
		unsigned int type = (unsigned int)nla_type(nla);

		if (type && type <= set->max && set->attrs[type].nested &&
		    !is_sound(nla_data(nla), nla_len(nla), set->attrs[type].nested))
			return false;
	}
	return true;
}

bool json_members(FILE *out, struct nl_msg *msg, const struct spec_op *op)
{
	struct genlmsghdr *hdr = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *first = genlmsg_attrdata(hdr, 0);
	int len = genlmsg_attrlen(hdr, 0);

	if (!is_sound(first, len, op->set))
		return false;
	put_set(out, first, len, op->set, op->reply);
	return true;
}

bool json_message(FILE *out, struct nl_msg *msg, const struct spec_op *op)
{
	struct genlmsghdr *hdr = nlmsg_data(nlmsg_hdr(msg));

	if (!is_sound(genlmsg_attrdata(hdr, 0), genlmsg_attrlen(hdr, 0), op->set))
		return false;
	json_open(out, NULL, '{');
	json_members(out, msg, op);
	json_close(out, '}');
	return true;
}
