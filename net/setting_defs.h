/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of the core. See setting.h for the columns. The includer defines SETTING().
 */

SETTING(NUMBER, "max-connections", max_connections, 1024, 1, 65536, "",
	"Connections of a protocol over all its listeners. "
	"Above it, a new one takes the place of one that matters less, or is refused.")
SETTING(NUMBER, "node-limit", node_limit, 0, 0, 16777216, "",
	"Unused files that are kept in memory. "
	"0 is one for each 16 KiB of the machine's memory, at least 16384.")
SETTING(NUMBER, "file-limit", file_limit, 0, 0, 1048576, "",
	"Unused files that are kept open. "
	"0 is one for each 64 KiB of the machine's memory, at least 1024.")
SETTING(NUMBER, "file-idle-ms", file_idle_ms, 2000, 10, 3600000, "milliseconds",
	"How long an unused file is kept open.")
SETTING(NUMBER, "drain-ms", drain_ms, 30000, 100, 600000, "milliseconds",
	"How long removing a share or a listener waits for running requests.")
SETTING(NUMBER, "upcall-ms", upcall_ms, 5000, 10, 60000, "milliseconds",
	"How long the kernel waits for an answer of dittod.")
SETTING(NUMBER, "name-ttl-s", name_ttl_s, 300, 1, 86400, "seconds",
	"How long names, netgroups and groups are cached. "
	"They are used for as long again at most while dittod is asked anew, "
	"and longer only if it does not answer.")
SETTING(NUMBER, "name-negative-ttl-s", name_negative_ttl_s, 30, 1, 86400, "seconds",
	"How long it is cached that a name, netgroup or group does not exist.")
SETTING(NUMBER, "lease-time-s", lease_time_s, 90, 5, 3600, "seconds",
	"How long a silent client keeps its opens and locks, in protocols with leases. "
	"Clients of other protocols keep their locks until they release them.")
SETTING(NUMBER, "grace-s", grace_s, 90, 0, 3600, "seconds",
	"How long clients can reclaim their locks after a restart; 0 is the lease time. "
	"No new locks are granted meanwhile. "
	"The grace ends as soon as all clients have reclaimed.")
SETTING(NUMBER, "waits-per-node", waits_per_node, 100, 1, 65536, "",
	"Requests that wait for byte ranges of one file.")
SETTING(NUMBER, "claims-per-client", claims_per_client, 1048576, 1, 16777216, "",
	"Locks, opens and caching grants of one client.")
SETTING(NUMBER, "recall-pause-s", recall_pause_s, 30, 0, 3600, "seconds",
	"How long no delegation of a file is granted after one was recalled.")
SETTING(NUMBER, "max-delegations", max_delegations, 1048576, 0, 16777216, "",
	"Delegations of files and directories that all clients together may hold; "
	"with 0 none is granted.")
SETTING(NUMBER, "delegations-per-client", delegations_per_client, 65536, 0, 16777216, "",
	"Delegations of files and directories that one client may hold.")
SETTING(BOOL, "delegations", delegations, 1, 0, 1, "",
	"Whether delegations are granted at all. "
	"Delegations that clients already hold stay until they are returned.")
SETTING(NUMBER, "break-wait-ms", break_wait_ms, 50, 0, 10000, "milliseconds",
	"How long a call waits for other clients that are asked to give up a caching grant, or "
	"asked for the size of a file, before its own client is told to retry. "
	"Use a higher value if clients are far away; a call may keep a thread meanwhile.")
SETTING(NUMBER, "login-delay-ms", login_delay_ms, 500, 0, 10000, "milliseconds",
	"Delay of the reply to a login with a wrong password; 0 for no delay. "
	"The next failure of the same user and address, or IPv6 /64, is delayed twice as long, "
	"and so on up to ten seconds. "
	"One failure is dropped each minute, and all of them when the user logs in from there. "
	"Other users are not delayed.")
SETTING(NUMBER, "budget-memory-mib", budget_memory_mib, 0, 0, 16777216, "MiB",
	"Memory that may be held for all clients together: requests, unsent replies, sessions, "
	"slots. 0 is an eighth of the machine's memory, at least 128 MiB. "
	"The total numbers of opens, locks and delegations follow from it.")
SETTING(NUMBER, "budget-user-mib", budget_user_mib, 0, 0, 16777216, "MiB",
	"Memory that may be held for one address (or IPv6 /64) with logged-in users, or that "
	"speaks for its users; half as much for one user. "
	"0 is a quarter of the memory for all clients, at least 64 MiB.")
SETTING(NUMBER, "budget-anonymous-mib", budget_anonymous_mib, 0, 0, 16777216, "MiB",
	"The same for an address without a name: guests, and clients with the flavour none. "
	"0 is a 32nd part, at least 16 MiB.")
SETTING(NUMBER, "budget-unproven-kib", budget_unproven_kib, 0, 0, 16777216, "KiB",
	"The same for an address before a login. 0 is a 128th part, at least 8192 KiB.")
SETTING(NUMBER, "budget-connections", budget_connections, 0, 0, 65536, "",
	"Connections of one address; half as many before a login, and a sixteenth if no share "
	"admits the address. 0 is 256.")
SETTING(NUMBER, "budget-opens", budget_opens, 0, 0, 16777216, "",
	"Files that one address or user may have open, and as many delegations. "
	"0 is one for each 16 KiB of budget-memory-mib, at least 4096.")
SETTING(NUMBER, "offload-recall-ms", offload_recall_ms, 120000, 100, 3600000, "milliseconds",
	"How long nothing may come of a part of an offloaded file that is brought back, before "
	"those who wait for it get an error.")
SETTING(NUMBER, "offload-recalls", offload_recalls, 16, 1, 1024, "",
	"Parts of offloaded files that are brought back at the same time to each file system.")
SETTING(NUMBER, "offload-read-ahead", offload_read_ahead, 8, 0, 64, "",
	"Parts of an offloaded file that are brought back in advance at most when it is read in "
	"sequence.")

#undef SETTING
