// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations by number. A number that the minor version has but this table
 * has not is answered with NFS4ERR_NOTSUPP.
 */
#include <kunit/visibility.h>

#include "ops.h"

#define OP(NUMBER, name)						\
	[OP_##NUMBER] = &dnfs4_op_##name

const struct dnfs4_op *const dnfs4_ops[DNFS4_OP_MAX + 1] = {
	OP(ACCESS, access),
	OP(ALLOCATE, allocate),
	OP(BACKCHANNEL_CTL, backchannel_ctl),
	OP(BIND_CONN_TO_SESSION, bind_conn_to_session),
	OP(CLONE, clone),
	OP(CLOSE, close),
	OP(COMMIT, commit),
	OP(COPY, copy),
	OP(CREATE, create),
	OP(CREATE_SESSION, create_session),
	OP(DEALLOCATE, deallocate),
	OP(DELEGPURGE, delegpurge),
	OP(DELEGRETURN, delegreturn),
	OP(DESTROY_CLIENTID, destroy_clientid),
	OP(DESTROY_SESSION, destroy_session),
	OP(EXCHANGE_ID, exchange_id),
	OP(FREE_STATEID, free_stateid),
	OP(GET_DIR_DELEGATION, get_dir_delegation),
	OP(GETATTR, getattr),
	OP(GETFH, getfh),
	OP(GETXATTR, getxattr),
	OP(IO_ADVISE, io_advise),
	OP(LINK, link),
	OP(LISTXATTRS, listxattrs),
	OP(LOCK, lock),
	OP(LOCKT, lockt),
	OP(LOCKU, locku),
	OP(LOOKUP, lookup),
	OP(LOOKUPP, lookupp),
	OP(NVERIFY, nverify),
	OP(OFFLOAD_CANCEL, offload_cancel),
	OP(OFFLOAD_STATUS, offload_status),
	OP(OPEN, open),
	OP(OPENATTR, openattr),
	OP(OPEN_CONFIRM, open_confirm),
	OP(OPEN_DOWNGRADE, open_downgrade),
	OP(PUTFH, putfh),
	OP(PUTPUBFH, putpubfh),
	OP(PUTROOTFH, putrootfh),
	OP(READ, read),
	OP(READ_PLUS, read_plus),
	OP(READDIR, readdir),
	OP(READLINK, readlink),
	OP(RECLAIM_COMPLETE, reclaim_complete),
	OP(RELEASE_LOCKOWNER, release_lockowner),
	OP(REMOVE, remove),
	OP(REMOVEXATTR, removexattr),
	OP(RENAME, rename),
	OP(RENEW, renew),
	OP(RESTOREFH, restorefh),
	OP(SAVEFH, savefh),
	OP(SECINFO, secinfo),
	OP(SECINFO_NO_NAME, secinfo_no_name),
	OP(SEEK, seek),
	OP(SEQUENCE, sequence),
	OP(SETATTR, setattr),
	OP(SETCLIENTID, setclientid),
	OP(SETCLIENTID_CONFIRM, setclientid_confirm),
	OP(SETXATTR, setxattr),
	OP(TEST_STATEID, test_stateid),
	OP(VERIFY, verify),
	OP(WANT_DELEGATION, want_delegation),
	OP(WRITE, write),
};
EXPORT_SYMBOL_IF_KUNIT(dnfs4_ops);
