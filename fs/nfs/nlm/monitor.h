/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of hosts on stable storage: recorded hosts are notified when this server restarts. */
#ifndef _DITTO_FS_NFS_NLM_MONITOR_H
#define _DITTO_FS_NFS_NLM_MONITOR_H

struct ditto_recorder_wait;
struct dnfs_call;
struct dnlm_asker;
struct dnlm_client;
struct dnlm_host;
struct dnlm_record;
struct dnlm_server;

/* Give a new host its recorder. Return: 0, or an errno of ditto_recorder_get(). */
int dnlm_monitor_init(struct dnlm_host *host);

/**
 * dnlm_monitor_add - record a host before it gets its first claim
 * @asker: host and client
 * @call: its call; its local address and transport are recorded
 * @reclaim: the claim is reclaimed
 *
 * Asks the helper only if the host is not recorded yet, or its state changed. Does not wait for it:
 * the call may wait a moment, see dnfs_await_record(). After that a call that reclaims is dropped,
 * because clients give up claims that are refused, and repeat a call without a reply.
 *
 * Context: may sleep; takes host->lock.
 * Return: 0; -EPERM if the records from before the restart are not known yet, so that the client
 * must try again; -ENOGRACE if the host has nothing to reclaim; -EJUKEBOX while the record is being
 * written or removed, or the claims are about to be released; -ENOLCK if the host cannot be
 * recorded.
 */
int dnlm_monitor_add(const struct dnlm_asker *asker, struct dnfs_call *call, bool reclaim);

/* Delete the record of a host that is to go, in the background. @wait: as ditto_recorder_unset() */
void dnlm_monitor_drop(struct dnlm_host *host, struct ditto_recorder_wait *wait);

/**
 * dnlm_monitor_withdraw - delete a host's record before its claims are given to others
 * @dc: client of the host
 *
 * After success the client gets no claims. Waits for the helper.
 *
 * Context: sleeps.
 * Return: 0, or an errno of ditto_recorder_withdraw(); then the record may still be on disk.
 */
int dnlm_monitor_withdraw(struct dnlm_client *dc);

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
