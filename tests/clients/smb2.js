// SPDX-License-Identifier: GPL-2.0-only
// One command of an SMB client from npm: smb2.js PACKAGE HOST SHARE USER COMMAND [PATH...]
//
//   ls DIR | put LOCAL PATH | get PATH LOCAL | mv PATH NEW | rm PATH | mkdir PATH
//
// The password is in the environment, as PASSWORD. Paths begin below the share and use '/'.
'use strict';

const fs = require('fs');
const util = require('util');

const [name, host, share, username, command, ...args] = process.argv.slice(2);
const password = process.env.PASSWORD || '';
const library = require(require.resolve(name, { paths: [process.env.CLIENTS] }));

// smb2 and its descendants: methods with callbacks, paths with '\'.
function descendant() {
	const smb = new library({
		share: `\\\\${host}\\${share}`, domain: 'WORKGROUP', username, password,
		autoCloseTimeout: 0,
	});
	const call = (method, ...a) => util.promisify(smb[method]).apply(smb, a);
	const path = (p) => p.replaceAll('/', '\\');

	return {
		ls: (dir) => call('readdir', path(dir)),
		put: (local, to) => call('writeFile', path(to), fs.readFileSync(local), { flag: 'w' }),
		get: async (from, local) => fs.writeFileSync(local, await call('readFile', path(from))),
		mv: (from, to) => call('rename', path(from), path(to)),
		rm: (what) => call('unlink', path(what)),
		mkdir: (dir) => call('mkdir', path(dir)),
		end: () => (smb.disconnect || smb.close).call(smb),
	};
}

async function awo00() {
	const client = new library.default.Client(host);
	const session = await client.authenticate({ domain: 'WORKGROUP', username, password });
	const tree = await session.connectTree(share);

	return {
		ls: async (dir) => (await tree.readDirectory(`/${dir}`)).map((entry) => entry.filename),
		put: (local, to) => tree.createFile(to, fs.readFileSync(local)),
		get: async (from, local) => fs.writeFileSync(local, await tree.readFile(from)),
		mv: (from, to) => tree.renameFile(from, to),
		rm: (what) => tree.removeFile(what),
		mkdir: (dir) => tree.createDirectory(dir),
		end: () => client.close(),
	};
}

async function run() {
	const client = name === '@awo00/smb2' ? await awo00() : descendant();
	const result = await client[command](...args);

	if (command === 'ls')
		process.stdout.write(result.map((entry) => `${entry}\n`).join(''));
	await client.end();
}

run().then(() => process.exit(0), (error) => {
	console.error(error.code || error.message || error);
	process.exit(1);
});
