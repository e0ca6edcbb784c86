// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table whose rows are shown anew again and again. A row that is the same keeps its elements. The
 * focus stays on the buttons of its row, and goes to no other row when that one ends: what is
 * pressed next would act on something that nobody has chosen.
 */
import { button_new, element_new, lines_new, text_visible } from "./dom.js";

/* More rows help nobody, and would make the browser slow. */
const ROWS_MAX = 500;

/*
 * @label names the table. @columns have a title, a function cell() that returns a string or several
 * lines, and may be numbers. @key tells rows apart. @actions returns the buttons of a row: label,
 * about (what the button acts on) and run(). @empty is shown if there are no rows.
 */
export class Table {
	constructor({ label, columns, key, actions, empty, filter = true }) {
		Object.assign(this, { columns, key, actions, empty, rows: [], known: new Map() });
		this.filter = element_new("input", { type: "search", "aria-label": `Filter: ${label}`,
			placeholder: "Filter", hidden: !filter, oninput: () => this.render() });
		this.body = element_new("tbody");
		this.note = element_new("p", { class: "note" });
		const titles = columns.map(c => element_new("th", { scope: "col",
			class: c.number ? "number" : false }, c.title));

		if (actions)
			titles.push(element_new("th", { scope: "col" },
				element_new("span", { class: "hidden" }, "Actions")));
		this.table = element_new("table", { "aria-label": label },
			element_new("thead", {}, element_new("tr", {}, titles)), this.body);
		this.node = element_new("section", {}, element_new("div", { class: "head" },
			element_new("h2", {}, label), this.filter), this.table, this.note);
	}

	show(rows) {
		this.rows = rows;
		this.render();
	}

	/* The button that has the focus: the key of its row, and its name. */
	focus_find() {
		const button = document.activeElement;

		for (const [key, { tr }] of this.known)
			if (tr.contains(button))
				return { key, name: button.getAttribute("aria-label") };
		return null;
	}

	/* What a row says, as lines of each cell, and its buttons. */
	read(row) {
		return { cells: this.columns.map(c => [c.cell(row)].flat().map(text_visible)),
			 actions: this.actions ? this.actions(row) : [] };
	}

	build({ cells, actions }) {
		const nodes = cells.map((lines, i) => element_new(i ? "td" : "th", {
			"data-title": this.columns[i].title, scope: i ? false : "row",
			class: this.columns[i].number ? "number" : false }, lines_new(lines)));

		if (this.actions)
			nodes.push(element_new("td", { class: "buttons" }, actions.map(a =>
				button_new(a.label, a.run, { "aria-label": `${a.label} ${text_visible(a.about)}`,
							     class: a.danger ? "danger" : "secondary" }))));
		return element_new("tr", {}, nodes);
	}

	render() {
		const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
		const focused = this.focus_find();
		const known = new Map(), shown = [];
		let count = 0;

		for (const row of this.rows) {
			const said = this.read(row), text = JSON.stringify(row), key = this.key(row);

			if (!words.every(word => said.cells.flat().join(" ").toLowerCase().includes(word)))
				continue;
			if (++count > ROWS_MAX)
				continue;
			const before = this.known.get(key);
			const one = before?.text === text ? before : { text, tr: this.build(said) };

			known.set(key, one);
			shown.push(one.tr);
		}
		this.known = known;
		if (shown.length !== this.body.rows.length ||
		    shown.some((tr, i) => tr !== this.body.rows[i])) {
			this.body.replaceChildren(...shown);
			if (focused)
				[...known.get(focused.key)?.tr.querySelectorAll("button") || []]
					.find(b => b.getAttribute("aria-label") === focused.name)?.focus();
		}
		this.table.hidden = !count;
		if (!count)
			this.note.textContent = this.rows.length ? "No line has all these words." : this.empty;
		else
			this.note.textContent = count > ROWS_MAX ?
				`The first ${ROWS_MAX} of ${count} lines; a filter shows others.` : "";
	}
}
