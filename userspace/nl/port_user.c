// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find the owner of a port. The kernel's tables of sockets give the inode, and the owner is the
 * process that has a descriptor of it. Sockets of the kernel belong to no process, so servers in
 * the kernel are recognized by files of their own.
 */

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ditto-nl-gen.h"
#include "port_user.h"

/* State of a listening socket in /proc/net/tcp, and of a bound one in /proc/net/udp. */
#define STATE_LISTEN	0x0a
#define STATE_BOUND	0x07

/* Inode of a socket on the port; 0 if there is none. */
static unsigned long find_inode(const char *table, u16 port, unsigned int state)
{
	unsigned int has_port, has_state;
	unsigned long inode, found = 0;
	FILE *f = fopen(table, "re");
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*u %lu", &has_port,
			   &has_state, &inode) == 3 && has_port == port && has_state == state)
			found = inode;
	if (f)
		fclose(f);
	return found;
}

static bool has_socket(const char *pid, unsigned long inode)
{
	char path[300], want[64], target[64];
	const struct dirent *e;
	bool found = false;
	ssize_t len;
	DIR *dir;

	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		len = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		found = !strcmp(target, want);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool find_process(unsigned long inode, u16 port, char text[PORT_USER_MAX])
{
	char path[300], name[64] = "";
	const struct dirent *e;
	DIR *proc = opendir("/proc");
	bool found = false;
	FILE *f;

	while (proc && !found && (e = readdir(proc))) {
		if (!isdigit((unsigned char)e->d_name[0]) || !has_socket(e->d_name, inode))
			continue;
		found = true;
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		f = fopen(path, "re");
		if (f && fgets(name, sizeof(name), f))
			name[strcspn(name, "\n")] = '\0';
		if (f)
			fclose(f);
		snprintf(text, PORT_USER_MAX, "port %u is in use by %s (process %.20s)", port,
			 name[0] ? name : "a program", e->d_name);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Look for a line such as "tcp 2049" in knfsd's list of sockets. */
static bool is_knfsd(u16 port)
{
	FILE *f = fopen("/proc/fs/nfsd/portlist", "re");
	bool found = false;
	char line[128];
	unsigned int n;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %u", &n) == 1 && n == port;
	if (f)
		fclose(f);
	return found;
}

/* Look for a listener of this server, such as one on all addresses. */
static bool is_ours(const struct listener *l, u16 port, const struct listener *ours,
		    unsigned int n, char text[PORT_USER_MAX])
{
	char other[LISTENER_TEXT_MAX];
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (ours[i].transport != l->transport || ours[i].port != port)
			continue;
		snprintf(text, PORT_USER_MAX, "port %u is in use by listener %u of this server: %s",
			 port, ours[i].id, listener_text(&ours[i], other));
		return true;
	}
	return false;
}

bool port_user(const struct listener *l, const struct listener *ours, unsigned int n,
	       char text[PORT_USER_MAX])
{
	bool udp = l->transport == DITTO_TRANSPORT_TYPE_UDP;
	unsigned int state = udp ? STATE_BOUND : STATE_LISTEN;
	u16 port = listener_port(l);
	unsigned long inode;

	/* Ports of RDMA have no sockets. */
	if (l->transport == DITTO_TRANSPORT_TYPE_RDMA)
		return is_ours(l, port, ours, n, text);
	inode = find_inode(udp ? "/proc/net/udp" : "/proc/net/tcp", port, state);
	if (!inode)
		inode = find_inode(udp ? "/proc/net/udp6" : "/proc/net/tcp6", port, state);
	if (!inode)
		return false;
	if (is_ours(l, port, ours, n, text))
		return true;
	if (find_process(inode, port, text))
		return true;
	if (is_knfsd(port))
		snprintf(text, PORT_USER_MAX,
			 "port %u is in use by knfsd, the kernel's NFS server", port);
	else if (!access("/sys/module/ksmbd", F_OK) && port == 445)
		snprintf(text, PORT_USER_MAX,
			 "port %u is in use by ksmbd, the kernel's SMB server", port);
	else
		snprintf(text, PORT_USER_MAX, "port %u is in use by another server", port);
	return true;
}
