/* SPDX-License-Identifier: GPL-2.0-only */
/* Which hosts are recorded: those that will be told when this server restarts. */
#ifndef _DITTO_FS_NFS_NLM_MONITOR_H
#define _DITTO_FS_NFS_NLM_MONITOR_H

struct dnfs_call;
struct dnlm_host;
struct dnlm_record;
struct dnlm_server;

/**
 * dnlm_monitor_add - a host is about to hold something
 * @host: held
 * @call: its call; tells how it is reached
 *
 * Asks the helper the first time only.
 *
 * Context: may sleep. Return: 0; -EPERM (what was recorded before is not known
 * yet: come again); -ENOLCK (it cannot be recorded).
 */
int dnlm_monitor_add(struct dnlm_host *host, const struct dnfs_call *call);

/* It holds nothing: forget the record. 0, or it could not be forgotten. */
int dnlm_monitor_drop(struct dnlm_host *host);
/* The same with host->lock held. */
int dnlm_monitor_drop_locked(struct dnlm_host *host);

/* A host that was recorded before the restart. -ENOMEM and others if it cannot be remembered. */
int dnlm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec);

/* What the lock table knows a host by that may reclaim. Returns bytes of @id. */
#define DNLM_KNOWN_ID	(16 + 256)
size_t dnlm_known_id(const struct dnlm_host *host, u8 id[DNLM_KNOWN_ID]);

#endif
