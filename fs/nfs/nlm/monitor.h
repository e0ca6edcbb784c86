/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of hosts on stable storage: recorded hosts are notified when this server restarts. */
#ifndef _DITTO_FS_NFS_NLM_MONITOR_H
#define _DITTO_FS_NFS_NLM_MONITOR_H

struct dnfs_call;
struct dnlm_host;
struct dnlm_record;
struct dnlm_server;

/**
 * dnlm_monitor_add - record a host before it gets its first claim
 * @host: host
 * @call: its call; its local address and transport are recorded
 *
 * Asks the helper only if the host is not recorded yet, or its state changed.
 *
 * Context: may sleep; takes host->lock.
 * Return: 0; -EPERM if the records from before the restart are not known yet, so that the client
 * must try again; -ENOLCK if the host cannot be recorded.
 */
int dnlm_monitor_add(struct dnlm_host *host, const struct dnfs_call *call);

/**
 * dnlm_monitor_drop - delete the record of a host that holds nothing
 * @host: host
 *
 * Context: may sleep; takes host->lock.
 * Return: 0, also if there is no record; or an errno, and the record stays.
 */
int dnlm_monitor_drop(struct dnlm_host *host);

/**
 * dnlm_monitor_drop_locked - dnlm_monitor_drop() with the lock held
 * @host: host
 *
 * Context: may sleep; host->lock is held.
 * Return: as dnlm_monitor_drop().
 */
int dnlm_monitor_drop_locked(struct dnlm_host *host);

/**
 * dnlm_monitor_restore - create a host from its record of before the restart
 * @nlm: the server
 * @rec: its record
 *
 * Makes the host known to the grace period, so that it may reclaim.
 *
 * Context: may sleep; takes host->lock.
 * Return: 0; an errno of dnlm_host_get() or ditto_grace_know().
 */
int dnlm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec);

/* Most bytes of the id by which the lock table knows a host that may reclaim. */
#define DNLM_KNOWN_ID	(16 + 256)

/**
 * dnlm_known_id - the id by which the lock table knows a host that may reclaim
 * @host: host
 * @id: filled: address and name, which is cut if it is too long
 *
 * Return: bytes of @id.
 */
size_t dnlm_known_id(const struct dnlm_host *host, u8 id[DNLM_KNOWN_ID]);

#endif
