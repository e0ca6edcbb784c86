/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptions of all operations; each is defined in the file that implements it.
 */
#ifndef _DITTO_FS_NFS_V4_ENGINE_OPS_H
#define _DITTO_FS_NFS_V4_ENGINE_OPS_H

#include "compound.h"

extern const struct dnfs4_op dnfs4_op_access;
extern const struct dnfs4_op dnfs4_op_allocate;
extern const struct dnfs4_op dnfs4_op_backchannel_ctl;
extern const struct dnfs4_op dnfs4_op_bind_conn_to_session;
extern const struct dnfs4_op dnfs4_op_clone;
extern const struct dnfs4_op dnfs4_op_close;
extern const struct dnfs4_op dnfs4_op_commit;
extern const struct dnfs4_op dnfs4_op_copy;
extern const struct dnfs4_op dnfs4_op_create;
extern const struct dnfs4_op dnfs4_op_create_session;
extern const struct dnfs4_op dnfs4_op_deallocate;
extern const struct dnfs4_op dnfs4_op_delegpurge;
extern const struct dnfs4_op dnfs4_op_delegreturn;
extern const struct dnfs4_op dnfs4_op_destroy_clientid;
extern const struct dnfs4_op dnfs4_op_destroy_session;
extern const struct dnfs4_op dnfs4_op_exchange_id;
extern const struct dnfs4_op dnfs4_op_free_stateid;
extern const struct dnfs4_op dnfs4_op_get_dir_delegation;
extern const struct dnfs4_op dnfs4_op_getattr;
extern const struct dnfs4_op dnfs4_op_getfh;
extern const struct dnfs4_op dnfs4_op_getxattr;
extern const struct dnfs4_op dnfs4_op_io_advise;
extern const struct dnfs4_op dnfs4_op_link;
extern const struct dnfs4_op dnfs4_op_listxattrs;
extern const struct dnfs4_op dnfs4_op_lock;
extern const struct dnfs4_op dnfs4_op_lockt;
extern const struct dnfs4_op dnfs4_op_locku;
extern const struct dnfs4_op dnfs4_op_lookup;
extern const struct dnfs4_op dnfs4_op_lookupp;
extern const struct dnfs4_op dnfs4_op_nverify;
extern const struct dnfs4_op dnfs4_op_offload_cancel;
extern const struct dnfs4_op dnfs4_op_offload_status;
extern const struct dnfs4_op dnfs4_op_open;
extern const struct dnfs4_op dnfs4_op_open_confirm;
extern const struct dnfs4_op dnfs4_op_open_downgrade;
extern const struct dnfs4_op dnfs4_op_openattr;
extern const struct dnfs4_op dnfs4_op_putfh;
extern const struct dnfs4_op dnfs4_op_putpubfh;
extern const struct dnfs4_op dnfs4_op_putrootfh;
extern const struct dnfs4_op dnfs4_op_read;
extern const struct dnfs4_op dnfs4_op_read_plus;
extern const struct dnfs4_op dnfs4_op_readdir;
extern const struct dnfs4_op dnfs4_op_readlink;
extern const struct dnfs4_op dnfs4_op_reclaim_complete;
extern const struct dnfs4_op dnfs4_op_release_lockowner;
extern const struct dnfs4_op dnfs4_op_remove;
extern const struct dnfs4_op dnfs4_op_removexattr;
extern const struct dnfs4_op dnfs4_op_rename;
extern const struct dnfs4_op dnfs4_op_renew;
extern const struct dnfs4_op dnfs4_op_restorefh;
extern const struct dnfs4_op dnfs4_op_savefh;
extern const struct dnfs4_op dnfs4_op_secinfo;
extern const struct dnfs4_op dnfs4_op_secinfo_no_name;
extern const struct dnfs4_op dnfs4_op_seek;
extern const struct dnfs4_op dnfs4_op_sequence;
extern const struct dnfs4_op dnfs4_op_setattr;
extern const struct dnfs4_op dnfs4_op_setclientid;
extern const struct dnfs4_op dnfs4_op_setclientid_confirm;
extern const struct dnfs4_op dnfs4_op_setxattr;
extern const struct dnfs4_op dnfs4_op_test_stateid;
extern const struct dnfs4_op dnfs4_op_verify;
extern const struct dnfs4_op dnfs4_op_want_delegation;
extern const struct dnfs4_op dnfs4_op_write;

#endif
