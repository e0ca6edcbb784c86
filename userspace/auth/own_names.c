// SPDX-License-Identifier: GPL-2.0-only
/* The names and addresses by which clients call this machine, see own_names.h. */

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <krb5.h>
#include <limits.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/types.h"
#include "own_names.h"

/* Longest name that is compared, with its NUL. */
#define OWN_NAME_SIZE	256
/* What Windows writes instead of an IPv6 address, whose colons a path cannot have. */
#define IPV6_LITERAL	".ipv6-literal.net"
#define BLANKS		" \t\n"

/* An address as 16 bytes, IPv4 mapped into IPv6. */
static bool address_parse(const char *text, struct in6_addr *addr)
{
	char copy[INET6_ADDRSTRLEN + 8];
	struct in_addr v4;
	size_t len;
	char *p;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		memset(addr, 0, sizeof(*addr));
		addr->s6_addr[10] = 0xff;
		addr->s6_addr[11] = 0xff;
		memcpy(&addr->s6_addr[12], &v4, sizeof(v4));
		return true;
	}
	if (*text == '[')
		text++;
	len = strcspn(text, "]%");
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	p = strcasestr(text, IPV6_LITERAL);
	if (p && !p[strlen(IPV6_LITERAL)]) {
		/* A zone follows an 's'. */
		copy[(size_t)(p - text) < len ? (size_t)(p - text) : len] = '\0';
		copy[strcspn(copy, "sS")] = '\0';
		for (p = copy; *p; p++)
			if (*p == '-')
				*p = ':';
	}
	return inet_pton(AF_INET6, copy, addr) == 1;
}

static bool address_of(const struct sockaddr *sa, struct in6_addr *addr)
{
	if (!sa)
		return false;
	if (sa->sa_family == AF_INET6) {
		*addr = ((const struct sockaddr_in6 *)sa)->sin6_addr;
		return true;
	}
	if (sa->sa_family != AF_INET)
		return false;
	memset(addr, 0, sizeof(*addr));
	addr->s6_addr[10] = 0xff;
	addr->s6_addr[11] = 0xff;
	memcpy(&addr->s6_addr[12], &((const struct sockaddr_in *)sa)->sin_addr, 4);
	return true;
}

static bool address_is_local(const struct in6_addr *addr)
{
	struct ifaddrs *list, *one;
	struct in6_addr own;
	bool found = false;

	if (getifaddrs(&list))
		return false;
	for (one = list; one && !found; one = one->ifa_next)
		found = address_of(one->ifa_addr, &own) && !memcmp(&own, addr, sizeof(own));
	freeifaddrs(list);
	return found;
}

/* Compare a name with one that may be followed by a domain. */
static bool same_in_domain(const char *host, const char *name, size_t len, const char *domain)
{
	return domain[0] && !strncasecmp(host, name, len) && host[len] == '.' &&
	       !strcasecmp(host + len + 1, domain);
}

/* The host name, whole or its first part, alone or in a domain in which names are looked up. */
static bool is_host_name(const char *host, const char *own)
{
	size_t len = strcspn(own, ".");
	struct __res_state state;
	bool found;
	int i;

	if (!strcasecmp(host, own) || (strlen(host) == len && !strncasecmp(host, own, len)))
		return true;
	memset(&state, 0, sizeof(state));
	if (res_ninit(&state))
		return false;
	found = same_in_domain(host, own, len, state.defdname);
	for (i = 0; i < MAXDNSRCH && state.dnsrch[i] && !found; i++)
		found = same_in_domain(host, own, len, state.dnsrch[i]);
	res_nclose(&state);
	return found;
}

/* Does a line of /etc/hosts that is about this machine have the name? */
static bool line_has(char *line, const char *host, const char *own)
{
	struct in6_addr addr;
	bool ours, found = false;
	char *save, *word;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, BLANKS, &save);
	if (!word || !address_parse(word, &addr))
		return false;
	ours = address_is_local(&addr);
	while ((word = strtok_r(NULL, BLANKS, &save))) {
		ours |= is_host_name(word, own);
		found |= !strcasecmp(word, host);
	}
	return ours && found;
}

static bool hosts_have(const char *host, const char *own)
{
	FILE *file = fopen("/etc/hosts", "re");
	char *line = NULL;
	bool found = false;
	size_t size = 0;

	if (!file)
		return false;
	while (!found && getline(&line, &size, file) >= 0)
		found = line_has(line, host, own);
	free(line);
	fclose(file);
	return found;
}

/* The host in "service/host", or the machine in "MACHINE$". */
static bool principal_has(krb5_principal principal, const char *host)
{
	int parts = principal->length;
	const krb5_data *part;
	size_t len;

	if (parts != 1 && parts != 2)
		return false;
	part = &principal->data[parts - 1];
	len = part->length;
	if (parts == 1) {
		if (!len || part->data[len - 1] != '$')
			return false;
		len--;
	}
	return len == strlen(host) && !strncasecmp(part->data, host, len);
}

static bool keytab_has(const char *host)
{
	krb5_keytab_entry entry;
	krb5_kt_cursor cursor;
	krb5_context context;
	krb5_keytab keytab;
	bool found = false;

	if (krb5_init_context(&context))
		return false;
	if (krb5_kt_default(context, &keytab))
		goto free_context;
	if (krb5_kt_start_seq_get(context, keytab, &cursor))
		goto close;
	while (!krb5_kt_next_entry(context, keytab, &entry, &cursor)) {
		found |= principal_has(entry.principal, host);
		krb5_free_keytab_entry_contents(context, &entry);
	}
	krb5_kt_end_seq_get(context, keytab, &cursor);
close:
	krb5_kt_close(context, keytab);
free_context:
	krb5_free_context(context);
	return found;
}

bool own_names_have(const char *host)
{
	char own[HOST_NAME_MAX + 1] = "";
	char name[OWN_NAME_SIZE];
	struct in6_addr addr;
	size_t len = strlen(host);

	/* A name may be written with the root of the DNS. */
	if (len && host[len - 1] == '.')
		len--;
	if (!len || len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (address_parse(name, &addr))
		return address_is_local(&addr);
	if (gethostname(own, sizeof(own) - 1))
		own[0] = '\0';
	return !strcasecmp(name, "localhost") || (own[0] && is_host_name(name, own)) ||
	       hosts_have(name, own) || keytab_has(name);
}
