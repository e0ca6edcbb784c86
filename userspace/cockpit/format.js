// SPDX-License-Identifier: GPL-2.0-only
/* Numbers and times as text. */

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes_text(bytes) {
	let unit = 0, n = Number(bytes);

	if (bytes === null || bytes === undefined)
		return "?";
	while (n >= 1024 && unit < UNITS.length - 1) {
		n /= 1024;
		unit++;
	}
	return `${unit && n < 10 ? n.toFixed(1) : Math.round(n)} ${UNITS[unit]}`;
}

export function count_text(n, what) {
	return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/* Seconds since 1970, or a time in words of RFC 3339, where the browser is; "-" for none. */
export function time_text(time) {
	const date = new Date(typeof time === "string" ? time : time * 1000);

	return !time || Number.isNaN(date.getTime()) ? "-" : date.toLocaleString();
}
