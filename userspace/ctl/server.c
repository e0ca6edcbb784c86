// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl server, dittoctl cache */

#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "out.h"
#include "setting.h"

/* Print all values of a repeated string, separated by spaces. */
static void print_strings(struct nl_msg *msg, unsigned int type)
{
	const char *space = "";
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest) {
		if ((unsigned int)nla_type(nla) != type)
			continue;
		printf("%s%s", space, nla_get_string(nla));
		space = " ";
	}
	putchar('\n');
}

static void print_server(struct nl_msg *msg, struct nlattr **tb)
{
	const u16 *type;

	for (type = spec_ops[DITTO_CMD_SERVER_GET].reply; *type; type++) {
		const struct spec_attr *attr = &spec_server_set.attrs[*type];
		char buf[OUT_VALUE_MAX];

		if (!tb[*type] && !attr->multi)
			continue;
		printf("%-21s", attr->name);
		if (attr->kind == SPEC_STRING)
			print_strings(msg, *type);
		else
			puts(value_text(attr, tb[*type], buf, sizeof(buf)));
	}
}

static int server_show(struct ctl *ctl, char **words)
{
	struct nlattr *tb[DITTO_A_SERVER_MAX + 1];
	struct nl_msg *reply;
	int status;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	status = ctl_do(ctl, DITTO_CMD_SERVER_GET, NULL, NULL, NULL, &reply);
	if (status)
		return status;
	if (!reply || msg_parse(reply, &spec_server_set, tb)) {
		why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
		status = ctl_refused(ctl, NULL);
	} else if (ctl->json) {
		json_message(stdout, reply, &spec_ops[DITTO_CMD_SERVER_GET]);
		json_end(stdout);
	} else {
		print_server(reply, tb);
	}
	if (reply)
		nlmsg_free(reply);
	return status;
}

static const char *setting_name(const void *arg, unsigned int i)
{
	const u16 *request = spec_ops[DITTO_CMD_SERVER_SET].request;

	(void)arg;
	return request[i] ? spec_server_set.attrs[request[i]].name : NULL;
}

struct settings {
	u64 value[DITTO_A_SERVER_MAX + 1];
	bool given[DITTO_A_SERVER_MAX + 1];
	u8 key[16];
};

static void put_settings(struct nl_msg *msg, const void *arg)
{
	const struct settings *s = arg;
	unsigned int i;

	for (i = 1; i <= DITTO_A_SERVER_MAX; i++) {
		if (!s->given[i])
			continue;
		if (i == DITTO_A_SERVER_HANDLE_KEY)
			msg_put(msg, i, s->key, sizeof(s->key));
		else
			msg_put_number(msg, &spec_server_set, i, s->value[i]);
	}
}

/*
 * "-" reads the key from standard input, because every user can see the words of a command.
 */
static bool read_key(const char *text, u8 key[16], struct why *why)
{
	char line[100] = "";
	bool good;

	if (strcmp(text, "-"))
		return text_uuid(text, key, why);
	if (!fgets(line, sizeof(line), stdin))
		return why_not(why, "there is nothing to read");
	line[strcspn(line, "\r\n")] = '\0';
	good = text_uuid(line, key, why);
	explicit_bzero(line, sizeof(line));
	/* The reason would contain parts of the key. */
	return good || why_not(why, "what was read is not 32 hexadecimal digits");
}

static bool read_setting(struct settings *s, unsigned int type, const char *text,
			 struct why *why)
{
	const struct spec_attr *attr = &spec_server_set.attrs[type];

	s->given[type] = true;
	if (attr->kind == SPEC_BINARY)
		return read_key(text, s->key, why);
	return setting_read(type, text, &s->value[type], why);
}

static int server_set(struct ctl *ctl, char **words)
{
	struct settings s = { 0 };
	struct why why;

	if (!words[0])
		return ctl_usage(ctl, "a key and its value are needed");
	for (; *words; words += 2) {
		unsigned int type = spec_attr_find(&spec_server_set, words[0]);

		if (!spec_list_has(spec_ops[DITTO_CMD_SERVER_SET].request, type)) {
			return ctl_unknown(ctl, "setting", words[0],
					   text_nearest(words[0], setting_name, NULL));
		}
		if (!words[1])
			return ctl_usage(ctl, "a value is missing behind '%s'", words[0]);
		if (!read_setting(&s, type, words[1], &why))
			return ctl_usage(ctl, "%s: %s", words[0], why.text);
	}
	return ctl_do(ctl, DITTO_CMD_SERVER_SET, put_settings, &s, NULL, NULL);
}

static int cache_flush(struct ctl *ctl, char **words)
{
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	return ctl_do(ctl, DITTO_CMD_CACHE_FLUSH, NULL, NULL, NULL, NULL);
}

const struct verb server_verbs[] = {
	{ "show", server_show, "" },
	{ "set", server_set, "KEY VALUE [KEY VALUE]..." },
	{ NULL, NULL, NULL }
};

const struct verb cache_verbs[] = {
	{ "flush", cache_flush, "" },
	{ NULL, NULL, NULL }
};
