/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of NFS. See net/setting.h for the columns. The includer defines SETTING().
 */

SETTING(NUMBER, "threads", threads, 0, 0, 1024, "",
	"Service threads of NFS; with 0 their number follows from that of the CPUs.")
SETTING(BOOL, "udp", udp, 0, 0, 1, "",
	"Serve NFSv3 over UDP too.")
SETTING(NUMBER, "session-slots", session_slots, 128, 1, 1024, "",
	"Requests that one session of an NFSv4.1 client may have in flight. "
	"Sessions that have more give them back.")
SETTING(NUMBER, "sessions-per-client", sessions_per_client, 64, 1, 1024, "",
	"Sessions that one NFSv4.1 client may have.")
SETTING(NUMBER, "copy-sync-kib", copy_sync_kib, 8192, 64, 1048576, "KiB",
	"The most that a COPY of an NFSv4.2 client copies before it is answered.")
SETTING(NUMBER, "offload-wait-ms", offload_wait_ms, 3000, 0, 60000, "milliseconds",
	"How long a call of NFSv3 waits for data of an offloaded file before its client is told "
	"to retry, which clients do after five seconds. It keeps no thread meanwhile.")
SETTING(BOOL, "share-paths", share_paths, 1, 0, 1, "",
	"Clients of NFSv4 find shares by their paths on the server, too, as clients of NFSv3 do: "
	"both mount SERVER:/srv/data and mount SERVER:/data find the share data of /srv/data.")

SETTING(BOOL, "fast-path", fast_path, 1, 0, 1, "",
	"Execute calls that arrive on a TCP connection together, without TLS and Kerberos only. "
	"If it is off, the kernel's RPC service receives each of them.")

#undef SETTING
