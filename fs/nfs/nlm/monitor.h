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

int dnlm_monitor_init(struct dnlm_host *host);
int dnlm_monitor_add(const struct dnlm_asker *asker, struct dnfs_call *call, bool reclaim);
void dnlm_monitor_drop(struct dnlm_host *host, struct ditto_recorder_wait *wait);
int dnlm_monitor_withdraw(struct dnlm_client *dc);
int dnlm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec);

/* Most bytes of the id by which the lock table knows a host that may reclaim. */
#define DNLM_KNOWN_ID	(16 + 256)

size_t dnlm_known_id(const struct dnlm_host *host, u8 id[DNLM_KNOWN_ID]);

#endif
