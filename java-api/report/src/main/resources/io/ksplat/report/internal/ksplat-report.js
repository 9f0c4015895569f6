// SPDX-License-Identifier: Apache-2.0
// Only adds to pages that are complete without it: a filter by words, and buttons that copy.
'use strict';

(function () {
	function filter(form) {
		const label = document.createElement('label');
		const input = document.createElement('input');
		input.type = 'search';
		input.id = 'filter-words';
		label.append('words ', input);
		form.append(label);
		const rows = document.querySelectorAll('.matrix tbody tr, .runs tbody tr');
		input.addEventListener('input', function () {
			const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
			rows.forEach(function (row) {
				const text = row.textContent.toLowerCase();
				row.hidden = !words.every(function (word) {
					return text.includes(word);
				});
			});
		});
		form.addEventListener('submit', function (event) {
			event.preventDefault();
		});
	}

	function copy(element) {
		const button = document.createElement('button');
		button.type = 'button';
		button.className = 'copy';
		button.textContent = 'copy';
		button.addEventListener('click', function () {
			navigator.clipboard.writeText(element.textContent.trim()).then(
				function () {
					button.textContent = 'copied';
				},
				function () {
					button.textContent = 'select it by hand';
				},
			);
		});
		element.after(button);
	}

	document.querySelectorAll('form.filters').forEach(filter);
	if (navigator.clipboard) {
		document.querySelectorAll('.command, #sentence').forEach(copy);
	}
})();
