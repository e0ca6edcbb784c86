// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl who: the people who use the server, one a line. Over NFS a machine speaks for its users,
 * so there the line is of the machine.
 */

#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "out.h"
#include "text.h"

static const struct column who_columns[] = {
	{ "ADDRESS", false }, { "PROTOCOL", false }, { "USER", false }, { "PROTECTION", false },
	{ "OPENS", true }, { "LOCKS", true }, { "SHARES", false }, { NULL, false }
};

/**
 * struct who - what is told about one person or machine
 * @address: address; NULL if it is away, and may come back
 * @protocol: name of the protocol
 * @dialect: its version, or NULL
 * @user: name of the user, or NULL
 * @domain: domain of the user, or NULL
 * @protection: encrypted, signed, mtls, tls or none
 * @share: names of shares in use, as far as they are told
 * @nshares: entries of @share
 * @opens: open files
 * @locks: locks of all at this address
 */
struct who {
	char *address;
	const char *protocol;
	const char *dialect;
	const char *user;
	const char *domain;
	const char *protection;
	const char **share;
	unsigned int nshares;
	u64 opens;
	u64 locks;
};

/* What the kernel knows about everybody, and how it is told: rows that have all the words. */
struct everybody {
	struct replies clients;
	struct replies sessions;
	struct replies connections;
	struct table *t;
	char **words;
	bool json;
};

static const char *who_string(struct nlattr **tb, unsigned int type)
{
	return tb[type] && nla_get_string(tb[type])[0] ? nla_get_string(tb[type]) : NULL;
}

/* The address in a text that may have a port: "192.0.2.1:7", "[2001:db8::1]:7". */
static bool who_address(const char *text, struct address *addr)
{
	char host[TEXT_ADDRESS_MAX];
	const char *colon = strchr(text, ':');
	struct why why;

	if (text[0] == '[')
		snprintf(host, sizeof(host), "%.*s", (int)strcspn(text + 1, "]"), text + 1);
	else if (colon && !strchr(colon + 1, ':'))
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	else
		snprintf(host, sizeof(host), "%s", text);
	return text_address(host, addr, &why);
}

static bool who_same(const struct address *a, const struct nlattr *client)
{
	char text[TEXT_ADDRESS_MAX];
	struct address b;
	struct why why;

	text_from_address(nla_data(client), (size_t)nla_len(client), text);
	return text_address(text, &b, &why) && address_same_client(a, &b);
}

/* How much of a resource a client uses. */
static u64 client_uses(struct nl_msg *client, const char *kind)
{
	struct nlattr *nla, *tb[DITTO_A_BUDGET_MAX + 1];
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(client), GENL_HDRLEN, rest)
		if (nla_type(nla) == DITTO_A_CLIENT_BUDGET &&
		    !nla_parse_nested(tb, DITTO_A_BUDGET_MAX, nla, spec_budget_set.policy) &&
		    tb[DITTO_A_BUDGET_KIND] && tb[DITTO_A_BUDGET_USED] &&
		    !strcmp(nla_get_string(tb[DITTO_A_BUDGET_KIND]), kind))
			return nla_get_u64(tb[DITTO_A_BUDGET_USED]);
	return 0;
}

static bool client_has(struct nl_msg *client, const char *protocol)
{
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(client), GENL_HDRLEN, rest)
		if (nla_type(nla) == DITTO_A_CLIENT_PROTOCOLS &&
		    !strcmp(nla_get_string(nla), protocol))
			return true;
	return false;
}

static void who_print(const struct who *w, struct table *t)
{
	char *shares = mem_string("");
	unsigned int i;

	for (i = 0; i < w->nshares; i++) {
		char *more = mem_print("%s%s%s", shares, i ? "," : "", w->share[i]);

		free(shares);
		shares = more;
	}
	table_cell(t, "%s", w->address ?: "-");
	table_cell(t, "%s%s%s", w->protocol, w->dialect ? " " : "", w->dialect ?: "");
	if (w->user)
		table_cell(t, "%s%s%s", w->domain ?: "", w->domain ? "\\" : "", w->user);
	else
		table_cell(t, "-");
	table_cell(t, "%s", w->protection);
	table_cell(t, "%llu", w->opens);
	table_cell(t, "%llu", w->locks);
	table_cell(t, "%s", shares[0] ? shares : "-");
	free(shares);
}

static void who_json(const struct who *w)
{
	unsigned int i;

	json_open(stdout, NULL, '{');
	if (w->address)
		json_string(stdout, "address", w->address);
	json_string(stdout, "protocol", w->protocol);
	if (w->dialect)
		json_string(stdout, "dialect", w->dialect);
	if (w->user)
		json_string(stdout, "user", w->user);
	if (w->domain)
		json_string(stdout, "domain", w->domain);
	json_string(stdout, "protection", w->protection);
	json_number(stdout, "opens", w->opens);
	json_number(stdout, "locks", w->locks);
	json_open(stdout, "shares", '[');
	for (i = 0; i < w->nshares; i++)
		json_string(stdout, NULL, w->share[i]);
	json_close(stdout, ']');
	json_close(stdout, '}');
}

static void who_tell(struct who *w, struct table *t, char **words, bool json)
{
	who_print(w, t);
	if (table_keep(t, words) && json)
		who_json(w);
	free(w->address);
	free(w->share);
}

static void session_tell(struct nl_msg *msg, const struct everybody *all)
{
	struct nlattr *nla, *address, *tb[DITTO_A_SESSION_MAX + 1];
	struct who w = { .protection = "none" };
	struct address addr;
	unsigned int i;
	int rest;

	if (msg_parse(msg, &spec_session_set, tb) || !tb[DITTO_A_SESSION_PROTOCOL])
		return;
	w.protocol = nla_get_string(tb[DITTO_A_SESSION_PROTOCOL]);
	w.dialect = who_string(tb, DITTO_A_SESSION_DIALECT);
	w.user = who_string(tb, DITTO_A_SESSION_USER);
	w.domain = who_string(tb, DITTO_A_SESSION_DOMAIN);
	if (tb[DITTO_A_SESSION_ENCRYPTION])
		w.protection = "encrypted";
	else if (tb[DITTO_A_SESSION_SIGNING])
		w.protection = "signed";
	if (tb[DITTO_A_SESSION_OPENS])
		w.opens = nla_get_u32(tb[DITTO_A_SESSION_OPENS]);
	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest) {
		if (nla_type(nla) == DITTO_A_SESSION_ADDRESS && !w.address)
			w.address = mem_string(nla_get_string(nla));
		if (nla_type(nla) != DITTO_A_SESSION_SHARE)
			continue;
		w.share = mem_grow(w.share, w.nshares, sizeof(*w.share));
		w.share[w.nshares++] = nla_get_string(nla);
	}
	for (i = 0; w.address && who_address(w.address, &addr) && i < all->clients.count; i++) {
		address = nlmsg_find_attr(nlmsg_hdr(all->clients.msg[i]), GENL_HDRLEN,
					  DITTO_A_CLIENT_ADDRESS);
		if (address && who_same(&addr, address))
			w.locks = client_uses(all->clients.msg[i], "locks");
	}
	who_tell(&w, all->t, all->words, all->json);
}

/* The weakest protection that connections of a client have by TLS. */
static const char *client_protection(const struct everybody *all, const struct nlattr *client)
{
	struct nlattr *tb[DITTO_A_CONNECTION_MAX + 1];
	const char *weakest = "mtls", *security;
	unsigned int i, n = 0;
	struct address addr;

	for (i = 0; i < all->connections.count; i++) {
		if (msg_parse(all->connections.msg[i], &spec_connection_set, tb))
			continue;
		security = who_string(tb, DITTO_A_CONNECTION_SECURITY);
		if (!security || !tb[DITTO_A_CONNECTION_ADDRESS] ||
		    !who_address(nla_get_string(tb[DITTO_A_CONNECTION_ADDRESS]), &addr) ||
		    !who_same(&addr, client))
			continue;
		n++;
		if (!strcmp(security, "none") || !strcmp(weakest, "mtls"))
			weakest = security;
	}
	return n ? weakest : "none";
}

static void machine_tell(struct nl_msg *msg, const struct everybody *all)
{
	struct nlattr *tb[DITTO_A_CLIENT_MAX + 1];
	char text[TEXT_ADDRESS_MAX];
	struct who w = { .protocol = "nfs" };

	/* Those who only were here are told by "client list". */
	if (msg_parse(msg, &spec_client_set, tb) || !tb[DITTO_A_CLIENT_ADDRESS] ||
	    !client_has(msg, "nfs") || !tb[DITTO_A_CLIENT_CONNECTIONS] ||
	    !nla_get_u32(tb[DITTO_A_CLIENT_CONNECTIONS]))
		return;
	w.address = mem_string(text_from_address(nla_data(tb[DITTO_A_CLIENT_ADDRESS]),
						 (size_t)nla_len(tb[DITTO_A_CLIENT_ADDRESS]),
						 text));
	w.protection = client_protection(all, tb[DITTO_A_CLIENT_ADDRESS]);
	w.opens = client_uses(msg, "opens");
	w.locks = client_uses(msg, "locks");
	who_tell(&w, all->t, all->words, all->json);
}

static int who_run(struct ctl *ctl, char **words)
{
	struct everybody all = { .words = words, .json = ctl->json };
	unsigned int i;
	int status;

	if (ctl_check_words(ctl, words))
		return CTL_USAGE;
	status = ctl_list(ctl, DITTO_CMD_CLIENT_GET, &all.clients);
	if (!status)
		status = ctl_list(ctl, DITTO_CMD_SESSION_GET, &all.sessions);
	if (!status)
		status = ctl_list(ctl, DITTO_CMD_CONNECTION_GET, &all.connections);
	if (!status) {
		all.t = table_new(who_columns);
		if (ctl->json)
			json_open(stdout, NULL, '[');
		for (i = 0; i < all.sessions.count; i++)
			session_tell(all.sessions.msg[i], &all);
		for (i = 0; i < all.clients.count; i++)
			machine_tell(all.clients.msg[i], &all);
		if (ctl->json)
			table_free(all.t);
		list_end(ctl->json ? NULL : all.t);
	}
	replies_free(&all.clients);
	replies_free(&all.sessions);
	replies_free(&all.connections);
	return status;
}

const struct verb who_verbs[] = {
	{ "", who_run, "[WORD]..." },
	{ NULL, NULL, NULL }
};
