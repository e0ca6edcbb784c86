// SPDX-License-Identifier: GPL-2.0-only
/* Settings of the server: their descriptions, and their values as text and in messages. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ditto-nl-gen.h"
#include "common/mem.h"
#include "nl.h"
#include "setting.h"

const struct setting settings[SETTINGS] = {
#define SETTING(...) SETTING_DESCRIPTION("core", __VA_ARGS__)
#include "../../net/setting_defs.h"
#define SETTING(...) SETTING_DESCRIPTION("nfs", __VA_ARGS__)
#include "../../fs/nfs/setting_defs.h"
#define SETTING(...) SETTING_DESCRIPTION("smb", __VA_ARGS__)
#include "../../smb/setting_defs.h"
};

unsigned int setting_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < SETTINGS; i++)
		if (spec_same_word(settings[i].name, name))
			break;
	return i;
}

const char *setting_name(const void *arg, unsigned int i)
{
	(void)arg;
	return i < SETTINGS ? settings[i].name : NULL;
}

/* Set @word to the name of an enum's value. Returns false if it has none. */
static bool enum_word(const struct setting *s, u32 value, char word[SETTING_TEXT_MAX])
{
	const char *p = s->values;

	for (; value && p; value--) {
		p = strchr(p, '|');
		p += !!p;
	}
	if (!p)
		return false;
	snprintf(word, SETTING_TEXT_MAX, "%.*s", (int)strcspn(p, "|"), p);
	return true;
}

/* Set the number of the value whose name has @len bytes. Returns false if there is none. */
static bool word_find(const struct setting *s, const char *text, size_t len, u32 *found)
{
	char word[SETTING_TEXT_MAX], wanted[SETTING_TEXT_MAX];
	u32 i;

	if (len >= sizeof(wanted))
		return false;
	snprintf(wanted, sizeof(wanted), "%.*s", (int)len, text);
	for (i = 0; enum_word(s, i, word); i++) {
		if (spec_same_word(word, wanted)) {
			*found = i;
			return true;
		}
	}
	return false;
}

static bool enum_read(const struct setting *s, const char *text, u32 *value, struct why *why)
{
	char all[256];

	if (word_find(s, text, strlen(text), value))
		return true;
	return why_not(why, "'%s' is not allowed: one of %s is", text,
		       setting_values(s, all, sizeof(all)));
}

static bool flags_read(const struct setting *s, const char *text, u32 *value, struct why *why)
{
	char all[256];
	u32 flags = 0;
	u32 bit;

	for (;;) {
		size_t len = strcspn(text, ",");

		if (!word_find(s, text, len, &bit))
			return why_not(why, "'%.*s' is not allowed: a list of %s is", (int)len,
				       text, setting_values(s, all, sizeof(all)));
		flags |= 1U << bit;
		if (!text[len])
			break;
		text += len + 1;
	}
	*value = flags;
	return true;
}

/* Parse an octal mode up to the kernel's maximum. */
static bool mode_read(const struct setting *s, const char *text, u32 *mode, struct why *why)
{
	size_t len = strlen(text);

	if (!len || len > 5 || strspn(text, "01234567") != len || strtoul(text, NULL, 8) > s->max)
		return why_not(why, "'%s' is not allowed: an octal number up to %04o is", text,
			       s->max);
	*mode = (u32)strtoul(text, NULL, 8);
	return true;
}

bool setting_read(const struct setting *s, const char *text, u32 *value, struct why *why)
{
	bool truth = false;
	u64 number = 0;

	switch (s->type) {
	case DITTO_SETTING_TYPE_BOOL:
		if (!text_bool(text, &truth, why))
			return false;
		*value = truth;
		return true;
	case DITTO_SETTING_TYPE_ENUM:
		return enum_read(s, text, value, why);
	case DITTO_SETTING_TYPE_VERSION:
		return text_dialect(text, value, why);
	case DITTO_SETTING_TYPE_FLAGS:
		return flags_read(s, text, value, why);
	case DITTO_SETTING_TYPE_MODE:
		return mode_read(s, text, value, why);
	default:
		if (!text_number(text, s->min, s->max, &number, why))
			return false;
		*value = (u32)number;
		return true;
	}
}

static void flags_text(const struct setting *s, u32 value, char buf[SETTING_TEXT_MAX])
{
	char word[SETTING_TEXT_MAX];
	size_t len = 0;
	u32 i;

	buf[0] = '\0';
	for (i = 0; i < 32 && len < SETTING_TEXT_MAX && enum_word(s, i, word); i++)
		if (value & (1U << i))
			len += (size_t)snprintf(buf + len, SETTING_TEXT_MAX - len, "%s%s",
						len ? "," : "", word);
}

const char *setting_text(const struct setting *s, u32 value, char buf[SETTING_TEXT_MAX])
{
	char version[TEXT_DIALECT_MAX];

	switch (s->type) {
	case DITTO_SETTING_TYPE_BOOL:
		snprintf(buf, SETTING_TEXT_MAX, "%s", value ? "yes" : "no");
		break;
	case DITTO_SETTING_TYPE_ENUM:
		if (!enum_word(s, value, buf))
			snprintf(buf, SETTING_TEXT_MAX, "?");
		break;
	case DITTO_SETTING_TYPE_VERSION:
		snprintf(buf, SETTING_TEXT_MAX, "%s", text_from_dialect(value, version));
		break;
	case DITTO_SETTING_TYPE_FLAGS:
		flags_text(s, value, buf);
		break;
	case DITTO_SETTING_TYPE_MODE:
		snprintf(buf, SETTING_TEXT_MAX, "%04o", value);
		break;
	default:
		snprintf(buf, SETTING_TEXT_MAX, "%u", value);
	}
	return buf;
}

const char *setting_values(const struct setting *s, char *buf, size_t size)
{
	char word[SETTING_TEXT_MAX];
	size_t len = 0;
	u32 i;

	switch (s->type) {
	case DITTO_SETTING_TYPE_BOOL:
		snprintf(buf, size, "yes or no");
		break;
	case DITTO_SETTING_TYPE_ENUM:
	case DITTO_SETTING_TYPE_FLAGS:
		buf[0] = '\0';
		for (i = 0; len < size && enum_word(s, i, word); i++)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? ", " : "", word);
		break;
	case DITTO_SETTING_TYPE_VERSION:
		snprintf(buf, size, "%s", TEXT_DIALECTS);
		break;
	case DITTO_SETTING_TYPE_MODE:
		snprintf(buf, size, "%04o to %04o", s->min, s->max);
		break;
	default:
		snprintf(buf, size, "%u to %u", s->min, s->max);
	}
	return buf;
}

void setting_put(struct nl_msg *msg, const struct setting *s, u32 value)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | DITTO_A_SERVER_SETTING);

	if (!nest)
		mem_out();
	msg_put_string(msg, DITTO_A_SETTING_CHANGE_NAME, s->name);
	msg_put_string(msg, DITTO_A_SETTING_CHANGE_OWNER, s->owner);
	msg_put_number(msg, &spec_setting_change_set, DITTO_A_SETTING_CHANGE_VALUE, value);
	nla_nest_end(msg, nest);
}

bool setting_from_msg(struct nl_msg *msg, struct setting *s, u32 *value)
{
	struct nlattr *tb[DITTO_A_SETTING_MAX + 1];
	unsigned int i;

	if (msg_parse(msg, &spec_setting_set, tb))
		return false;
	for (i = DITTO_A_SETTING_NAME; i <= DITTO_A_SETTING_VALUES; i++)
		if (!tb[i])
			return false;
	*s = (struct setting){
		.name = nla_get_string(tb[DITTO_A_SETTING_NAME]),
		.owner = nla_get_string(tb[DITTO_A_SETTING_OWNER]),
		.type = nla_get_u32(tb[DITTO_A_SETTING_TYPE]),
		.initial = nla_get_u32(tb[DITTO_A_SETTING_INITIAL]),
		.min = nla_get_u32(tb[DITTO_A_SETTING_LOWEST]),
		.max = nla_get_u32(tb[DITTO_A_SETTING_HIGHEST]),
		.values = nla_get_string(tb[DITTO_A_SETTING_VALUES]),
	};
	*value = nla_get_u32(tb[DITTO_A_SETTING_VALUE]);
	return true;
}
