/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Constants of NLM and NSM.
 *
 * NLM versions 1 and 3: The Open Group C702, Protocols for Interworking:
 * XNFS, version 3W, chapter 10. Version 4: RFC 1813 appendix II. NSM version
 * 1: C702 chapter 11.
 */
#ifndef _DITTO_FS_NFS_NLM_PROTO_H
#define _DITTO_FS_NFS_NLM_PROTO_H

#define NLM_PROGRAM		100021
#define NLM1_VERSION		1
#define NLM3_VERSION		3
#define NLM4_VERSION		4

#define NSM_PROGRAM		100024
#define NSM_VERSION		1

/* C702 10.2: LM_MAXSTRLEN, MAXNETOBJ_SZ; 11.2: SM_MAXSTRLEN */
#define NLM_STRING_MAX		1024
#define NLM_NETOBJ_MAX		1024
#define NSM_STRING_MAX		1024
/* C702 11.2: priv of the structures mon and status */
#define NSM_PRIV_SIZE		16

/* C702 10.3 */
enum nlm_procedure {
	NLMPROC_NULL		= 0,
	NLMPROC_TEST		= 1,
	NLMPROC_LOCK		= 2,
	NLMPROC_CANCEL		= 3,
	NLMPROC_UNLOCK		= 4,
	NLMPROC_GRANTED		= 5,
	NLMPROC_TEST_MSG	= 6,
	NLMPROC_LOCK_MSG	= 7,
	NLMPROC_CANCEL_MSG	= 8,
	NLMPROC_UNLOCK_MSG	= 9,
	NLMPROC_GRANTED_MSG	= 10,
	NLMPROC_TEST_RES	= 11,
	NLMPROC_LOCK_RES	= 12,
	NLMPROC_CANCEL_RES	= 13,
	NLMPROC_UNLOCK_RES	= 14,
	NLMPROC_GRANTED_RES	= 15,
	/* from version 3 on */
	NLMPROC_SHARE		= 20,
	NLMPROC_UNSHARE		= 21,
	NLMPROC_NM_LOCK		= 22,
	NLMPROC_FREE_ALL	= 23,
};

#define NLM1_PROCEDURES		(NLMPROC_GRANTED_RES + 1)
#define NLM3_PROCEDURES		(NLMPROC_FREE_ALL + 1)

/* C702 10.2 nlm_stats; from NLM4_DEADLCK on only in version 4 (RFC 1813 section 6.1.4) */
enum nlm_status {
	NLM_GRANTED		= 0,
	NLM_DENIED		= 1,
	NLM_DENIED_NOLOCKS	= 2,
	NLM_BLOCKED		= 3,
	NLM_DENIED_GRACE_PERIOD	= 4,
	NLM4_DEADLCK		= 5,
	NLM4_ROFS		= 6,
	NLM4_STALE_FH		= 7,
	NLM4_FBIG		= 8,
	NLM4_FAILED		= 9,
};

/* C702 10.2: fsh_mode, denied to others; fsh_access, access of the caller */
#define NLM_SHARE_READ		1
#define NLM_SHARE_WRITE		2
#define NLM_SHARE_MAX		3

/* C702 11.3 */
enum nsm_procedure {
	NSMPROC_NULL		= 0,
	NSMPROC_STAT		= 1,
	NSMPROC_MON		= 2,
	NSMPROC_UNMON		= 3,
	NSMPROC_UNMON_ALL	= 4,
	NSMPROC_SIMU_CRASH	= 5,
	NSMPROC_NOTIFY		= 6,
	NSM_PROCEDURES,
};

/* C702 11.2: enum res */
enum nsm_result {
	NSM_SUCCESS		= 0,
	NSM_FAILURE		= 1,
};

#endif
