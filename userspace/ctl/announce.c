// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl announce: the server as services for avahi-daemon, by which clients find it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "folder.h"
#include "nl/listener.h"
#include "nl/share.h"
#include "nl/status.h"
#include "out.h"
#include "text.h"

/* The port of services that are not connected to (discard, RFC 863). */
#define NO_PORT	9

/* Shares of Time Machine that are announced, and bytes of their names. */
#define DISKS_MAX	32
#define DISK_NAME_MAX	128

/* A share with the option time-machine. */
struct disk {
	char name[DISK_NAME_MAX + 1];
	u8 id[16];
};

/* The ports of the listeners that other machines reach, or 0 without one; and shares of SMB. */
struct announced {
	u16 nfs;
	u16 smb;
	struct disk disks[DISKS_MAX];
	unsigned int ndisks;
};

/* XML is UTF-8 without U+FFFE and U+FFFF; the kernel lets no controls into names of shares. */
static bool name_fits_xml(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t len;

	for (; *p; p += len) {
		len = text_utf8_length(p);
		if (!len || (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe))
			return false;
	}
	return true;
}

/* Commas separate the parts of a record. */
static bool disk_can_be_told(const struct ctl *ctl, const struct share *s, unsigned int ndisks)
{
	const char *why = NULL;

	if (!name_fits_xml(s->name))
		why = "its name is not UTF-8";
	else if (strchr(s->name, ','))
		why = "a comma is in its name";
	else if (strlen(s->name) > DISK_NAME_MAX)
		why = "its name is too long";
	else if (ndisks == DISKS_MAX)
		why = "there are too many";
	if (why)
		ctl_warn(ctl, "%s is not announced to Time Machine: %s", s->name, why);
	return !why;
}

static int disks_find(struct ctl *ctl, struct announced *a)
{
	struct replies r;
	struct share *s;
	struct disk *d;
	unsigned int i;
	int status = ctl_list(ctl, DITTO_CMD_SHARE_GET, &r);

	if (status)
		return status;
	for (i = 0; i < r.count; i++) {
		s = share_from_msg(r.msg[i]);
		if (s && s->time_machine && share_has_protocol(s, "smb") &&
		    disk_can_be_told(ctl, s, a->ndisks)) {
			d = &a->disks[a->ndisks++];
			snprintf(d->name, sizeof(d->name), "%s", s->name);
			memcpy(d->id, s->id, sizeof(d->id));
		}
		share_free(s);
	}
	replies_free(&r);
	return CTL_OK;
}

/* Ports of listeners on loopback addresses are for this machine alone. */
static bool listener_is_local(const struct listener *l)
{
	static const u8 loopback6[16] = { [15] = 1 };

	return (l->addr.len == 4 && l->addr.bytes[0] == 127) ||
	       (l->addr.len == 16 && !memcmp(l->addr.bytes, loopback6, sizeof(loopback6)));
}

static int announced_find(struct ctl *ctl, struct announced *a)
{
	struct listener l;
	struct replies r;
	struct status s;
	unsigned int i;
	bool stopped;
	int status;

	memset(a, 0, sizeof(*a));
	/* When dittod says so, the listeners are still to be removed. */
	stopped = status_read(&s) && s.stopped;
	status_free(&s);
	if (stopped)
		return CTL_OK;
	status = ctl_list(ctl, DITTO_CMD_LISTENER_GET, &r);
	if (status)
		return status;
	for (i = 0; i < r.count; i++) {
		if (!listener_from_msg(&l, r.msg[i]) || listener_is_local(&l) ||
		    l.transport != DITTO_TRANSPORT_TYPE_TCP)
			continue;
		if (!strcmp(l.protocol, "smb"))
			a->smb = listener_port(&l);
		else if (!strcmp(l.protocol, "nfs"))
			a->nfs = listener_port(&l);
	}
	replies_free(&r);
	return a->smb ? disks_find(ctl, a) : CTL_OK;
}

static void service_print(FILE *out, const char *type, u16 port, const char *text)
{
	fprintf(out, "  <service>\n    <type>%s</type>\n    <port>%u</port>\n", type, port);
	if (text)
		fprintf(out, "    <txt-record>%s</txt-record>\n", text);
	fputs("  </service>\n", out);
}

static void xml_print(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>&\"'", *text))
			fprintf(out, "&#%u;", (unsigned char)*text);
		else
			fputc(*text, out);
	}
}

/*
 * Disks for backups. In Apple's "Time Machine over SMB", the flags (adVF) 0x100 say that each disk
 * has its own; its 0x80 that Time Machine may use it, and 0x02 that it is reached by SMB.
 */
static void disks_print(const struct announced *a, FILE *out)
{
	char id[TEXT_UUID_MAX];
	unsigned int i;

	fprintf(out, "  <service>\n    <type>_adisk._tcp</type>\n    <port>%u</port>\n"
		"    <txt-record>sys=adVF=0x100</txt-record>\n", NO_PORT);
	for (i = 0; i < a->ndisks; i++) {
		fprintf(out, "    <txt-record>dk%u=adVN=", i);
		xml_print(out, a->disks[i].name);
		fprintf(out, ",adVF=0x82,adVU=%s</txt-record>\n",
			text_from_uuid(a->disks[i].id, id));
	}
	fputs("  </service>\n", out);
}

/* In the format of avahi.service(5). */
static void announced_print(const struct announced *a, FILE *out)
{
	fputs("<?xml version=\"1.0\" standalone=\"no\"?>\n"
	      "<!DOCTYPE service-group SYSTEM \"avahi-service.dtd\">\n"
	      "<service-group>\n  <name replace-wildcards=\"yes\">%h</name>\n", out);
	if (a->smb) {
		service_print(out, "_smb._tcp", a->smb, NULL);
		/* The icon in macOS's Finder. */
		service_print(out, "_device-info._tcp", NO_PORT, "model=RackMac");
	}
	if (a->ndisks)
		disks_print(a, out);
	if (a->nfs)
		service_print(out, "_nfs._tcp", a->nfs, "path=/");
	fputs("</service-group>\n", out);
}

/* avahi-daemon reads the file whenever its folder changes, so it is replaced as a whole. */
static int announced_write(struct ctl *ctl, const struct announced *a, const char *path)
{
	FILE *out = folder_replace(path, 0644);

	if (out)
		announced_print(a, out);
	return folder_replaced(out, path) ? CTL_OK :
	       ctl_failed(ctl, "%s: %s", path, strerror(errno));
}

static int announce_run(struct ctl *ctl, char **words)
{
	const char *path = words[0];
	struct announced a;
	int status;

	if (ctl_no_more(ctl, words + !!path))
		return CTL_USAGE;
	status = announced_find(ctl, &a);
	if (!status && !path)
		announced_print(&a, stdout);
	else if (!status && (a.nfs || a.smb))
		status = announced_write(ctl, &a, path);
	else if (path && unlink(path) && errno != ENOENT)
		status = ctl_failed(ctl, "%s: %s", path, strerror(errno));
	return status;
}

const struct verb announce_verbs[] = {
	{ "", announce_run, "[FILE]" },
	{ NULL, NULL, NULL }
};
