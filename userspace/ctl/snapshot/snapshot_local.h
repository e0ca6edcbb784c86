/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local snapshots: read-only snapshots of Btrfs in the directory of snapshots of a share, by its
 * key snapshot-schedule.
 *
 * What is deleted is lost for good, so only durable facts decide it, which nobody but root can
 * bring about. A snapshot is the schedule's own if the directory of snapshots has a record of it:
 * the extended attribute RECORD_XATTR with the snapshot's name, whose value has the UUID of the
 * subvolume, the transaction of its last change, and the name of the share. The record is written
 * after the snapshot was made, so what the end of the machine leaves between the two is nobody's,
 * and stays. So does a snapshot that was renamed or changed, a snapshot of it, what another program
 * has made under such a name, and all of another subvolume that was at the share's root before.
 * A subvolume is deleted by its number, which names no other one while the file system is mounted.
 *
 * Offloaded data: a snapshot has the records of stubs, so it refers to objects, and gc finds it as
 * any subvolume. It only adds references that the share has as well when it is made. Its end takes
 * references away, as the removal of files does.
 */
#ifndef _DITTO_CTL_SNAPSHOT_LOCAL_H
#define _DITTO_CTL_SNAPSHOT_LOCAL_H

#include "snapshot.h"

/* Of the root of a share: inode and path of the directory in which local snapshots were made. */
#define LOCAL_FOLDER_XATTR	"trusted.ditto.local-folder"

/*
 * Make a snapshot of a share unless it has one of this period, and delete the old ones. Returns
 * false after a message.
 */
bool snapshot_local_run(struct ctl *ctl, const struct snapshot_share *share,
			const struct offload_keep *keep);

#endif
