// SPDX-License-Identifier: GPL-2.0-only
/* Listeners: parsing, netlink messages and text. */

#include <stdio.h>
#include <string.h>

#include "ditto-nl-gen.h"
#include "listener.h"
#include "nl.h"

/* Protocol PROTOCOL is served by the module ditto_PROTOCOL. */
static const char *const listener_protocols[] = { "nfs", "smb" };

bool listener_set_protocol(struct listener *l, const char *text, struct why *why)
{
	unsigned int i;

	if (!text[0])
		return why_not(why, "the protocol of the listener is missing, such as nfs");
	for (i = 0; i < ARRAY_SIZE(listener_protocols); i++) {
		if (strcmp(text, listener_protocols[i]))
			continue;
		snprintf(l->protocol, sizeof(l->protocol), "%s", text);
		return true;
	}
	return why_not(why, "there is no protocol '%.60s': nfs, smb are", text);
}

bool listener_set_transport(struct listener *l, const char *text, struct why *why)
{
	return text_enum(text, &spec_transport_type, &l->transport, why);
}

bool listener_set_address(struct listener *l, const char *text, struct why *why)
{
	return text_address(text, &l->addr, why);
}

bool listener_set_port(struct listener *l, const char *text, struct why *why)
{
	const struct spec_attr *attr = &spec_listener_set.attrs[DITTO_A_LISTENER_PORT];
	u64 value;

	if (!text_number(text, attr->min, attr->max, &value, why))
		return false;
	l->port = (u16)value;
	return true;
}

void listener_put(struct nl_msg *msg, const struct listener *l)
{
	msg_put_string(msg, DITTO_A_LISTENER_PROTOCOL, l->protocol);
	msg_put_number(msg, &spec_listener_set, DITTO_A_LISTENER_TRANSPORT, l->transport);
	if (l->addr.len)
		msg_put(msg, DITTO_A_LISTENER_ADDRESS, l->addr.bytes, l->addr.len);
	if (l->port)
		msg_put_number(msg, &spec_listener_set, DITTO_A_LISTENER_PORT, l->port);
}

/* The wildcard address is all zeroes, or has no bytes at all. */
static bool is_any(const struct address *addr)
{
	static const u8 zeros[16];

	return !memcmp(addr->bytes, zeros, sizeof(zeros));
}

static void read_address(struct address *addr, struct nlattr *nla)
{
	size_t len = (size_t)nla_len(nla);

	if (len != 4 && len != 16)
		return;
	memcpy(addr->bytes, nla_data(nla), len);
	addr->len = is_any(addr) ? 0 : (unsigned int)len;
}

bool listener_from_msg(struct listener *l, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_LISTENER_MAX + 1];

	memset(l, 0, sizeof(*l));
	if (msg_parse(msg, &spec_listener_set, tb) || !tb[DITTO_A_LISTENER_ID] ||
	    !tb[DITTO_A_LISTENER_PROTOCOL])
		return false;
	l->id = nla_get_u32(tb[DITTO_A_LISTENER_ID]);
	snprintf(l->protocol, sizeof(l->protocol), "%s",
		 nla_get_string(tb[DITTO_A_LISTENER_PROTOCOL]));
	if (tb[DITTO_A_LISTENER_TRANSPORT])
		l->transport = nla_get_u32(tb[DITTO_A_LISTENER_TRANSPORT]);
	if (tb[DITTO_A_LISTENER_ADDRESS])
		read_address(&l->addr, tb[DITTO_A_LISTENER_ADDRESS]);
	if (tb[DITTO_A_LISTENER_PORT])
		l->port = nla_get_u16(tb[DITTO_A_LISTENER_PORT]);
	if (tb[DITTO_A_LISTENER_CONNECTIONS])
		l->connections = nla_get_u32(tb[DITTO_A_LISTENER_CONNECTIONS]);
	return true;
}

bool listener_same_place(const struct listener *a, const struct listener *b)
{
	if (strcmp(a->protocol, b->protocol) || a->transport != b->transport)
		return false;
	if (is_any(&a->addr) || is_any(&b->addr))
		return is_any(&a->addr) && is_any(&b->addr);
	return a->addr.len == b->addr.len && !memcmp(a->addr.bytes, b->addr.bytes, a->addr.len);
}

const char *listener_hint(const struct listener *l, char hint[MODULE_HINT_MAX])
{
	char name[LISTENER_PROTOCOL_MAX + 6];

	snprintf(name, sizeof(name), "ditto_%s", l->protocol);
	return module_hint(name, hint);
}

u16 listener_port(const struct listener *l)
{
	if (l->port)
		return l->port;
	if (!strcmp(l->protocol, "smb"))
		return 445;
	return l->transport == DITTO_TRANSPORT_TYPE_RDMA ? 20049 : 2049;
}

const char *listener_text(const struct listener *l, char buf[LISTENER_TEXT_MAX])
{
	char addr[TEXT_ADDRESS_MAX];
	int len;

	len = snprintf(buf, LISTENER_TEXT_MAX, "%s %s %s", l->protocol,
		       spec_enum_name(&spec_transport_type, l->transport),
		       text_from_address(l->addr.bytes, l->addr.len, addr));
	if (l->port && len > 0 && len < LISTENER_TEXT_MAX)
		snprintf(buf + len, (size_t)(LISTENER_TEXT_MAX - len), " port %u", l->port);
	return buf;
}
