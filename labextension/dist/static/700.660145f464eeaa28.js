"use strict";(self.rspackChunkreactive_nb=self.rspackChunkreactive_nb||[]).push([[700],{475(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* The panel's frame, and the parts that all of its sections share. Colours, fonts and spacing are JupyterLab's. */

.rnb-panel {
  display: flex;
  flex-direction: column;
  min-width: 160px;
  height: 100%;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
}

.rnb-panel [hidden] {
  display: none !important;
}

/* ---- header */

.rnb-panel-head {
  flex: none;
  padding: 8px 8px 6px 12px;
}

.rnb-panel-notebook {
  overflow: hidden;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  text-overflow: ellipsis;
  white-space: nowrap;
}

.rnb-panel-place {
  display: flex;
  align-items: center;
  gap: 6px;
  min-height: 24px;
}

.rnb-panel-database,
.rnb-panel-picker {
  flex: 0 1 auto;
  min-width: 0;
  overflow: hidden;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  text-overflow: ellipsis;
  white-space: nowrap;
}

.rnb-panel-picker {
  height: 24px;
  margin-left: -4px;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
}

.rnb-panel-commit {
  flex: none;
  margin-left: auto;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
}

.rnb-panel-bar {
  flex: none;
}

/* ---- tabs */

.rnb-panel-tabs {
  display: flex;
  flex: 1 1 auto;
  flex-direction: column;
  min-height: 0;
}

.rnb-panel-tablist {
  display: flex;
  flex: none;
  overflow-x: auto;
  padding: 0 4px;
  border-bottom: var(--jp-border-width) solid var(--jp-border-color2);
  scrollbar-width: none;
}

.rnb-panel-tab {
  flex: 0 1 auto;
  padding: 0 6px;
  border: 0;
  border-bottom: 2px solid transparent;
  background: transparent;
  color: var(--jp-ui-font-color2);
  font-family: inherit;
  font-size: var(--jp-ui-font-size1);
  line-height: 28px;
  white-space: nowrap;
  cursor: pointer;
}

.rnb-panel-tab:hover {
  color: var(--jp-ui-font-color1);
}

.rnb-panel-tab[aria-selected="true"] {
  border-bottom-color: var(--jp-brand-color1);
  color: var(--jp-ui-font-color1);
}

.rnb-panel-section {
  display: flex;
  flex: 1 1 auto;
  min-height: 0;
}

.rnb-panel :is(button, input, select, .rnb-list):focus-visible {
  outline: 1px solid var(--jp-brand-color1);
  outline-offset: -1px;
}

/* ---- when there is nothing to look at */

.rnb-panel-empty {
  flex: 1 1 auto;
  padding: 20px 12px;
  overflow: auto;
  line-height: var(--jp-content-line-height);
}

.rnb-panel-empty h2 {
  margin: 0 0 8px;
  font-size: var(--jp-ui-font-size2);
  font-weight: 600;
}

.rnb-panel-empty p {
  margin: 0 0 8px;
  overflow-wrap: anywhere;
  color: var(--jp-ui-font-color2);
}

.rnb-panel-empty pre {
  margin: 0 0 12px;
  padding: 6px 8px;
  overflow: auto;
  border: var(--jp-border-width) solid var(--jp-cell-editor-border-color);
  background: var(--jp-cell-editor-background);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.rnb-panel-status {
  flex: none;
  padding: 4px 12px;
  overflow-wrap: anywhere;
  border-top: var(--jp-border-width) solid var(--jp-border-color2);
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.rnb-panel-status:empty {
  display: none;
}

/* ---- parts of sections */

.rnb-lab-error {
  color: var(--jp-error-color1) !important;
}

.rnb-lab-button {
  flex: none;
  height: 24px;
  padding: 0 8px;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: inherit;
  font-size: var(--jp-ui-font-size1);
  cursor: pointer;
}

.rnb-lab-button:hover:enabled {
  background: var(--jp-layout-color2);
}

.rnb-lab-button:disabled {
  color: var(--jp-ui-font-color3);
  cursor: default;
}

.rnb-lab-icon-button {
  display: inline-flex;
  flex: none;
  align-items: center;
  justify-content: center;
  width: 24px;
  height: 24px;
  padding: 0;
  border: 0;
  border-radius: var(--jp-border-radius);
  background: transparent;
  cursor: pointer;
}

.rnb-lab-icon-button:hover:enabled {
  background: var(--jp-layout-color2);
}

.rnb-lab-icon-button:disabled {
  opacity: 0.4;
  cursor: default;
}

.rnb-lab-icon-button svg {
  display: block;
  width: 16px;
  height: 16px;
}

.rnb-lab-filter {
  flex: 1 1 auto;
  box-sizing: border-box;
  min-width: 0;
  height: 26px;
  padding: 0 6px;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: 0;
  background: var(--jp-input-background);
  color: var(--jp-ui-font-color0);
  font-family: inherit;
  font-size: var(--jp-ui-font-size1);
}

.rnb-lab-filter::placeholder {
  color: var(--jp-ui-font-color2);
}

.rnb-section {
  display: flex;
  flex: 1 1 auto;
  flex-direction: column;
  min-width: 0;
  min-height: 0;
}

.rnb-section-toolbar {
  display: flex;
  flex: none;
  align-items: center;
  gap: 4px;
  padding: 6px 8px;
}

.rnb-section-note {
  flex: none;
  margin: 0;
  padding: 4px 12px 8px;
  overflow-wrap: anywhere;
  color: var(--jp-ui-font-color2);
  line-height: var(--jp-content-line-height);
}

/* ---- lists */

.rnb-list {
  position: relative;
  flex: 1 1 0;
  min-height: 72px;
  overflow: hidden auto;
  overflow-anchor: none;
}

.rnb-list-body {
  position: relative;
}

.rnb-list-row {
  position: absolute;
  right: 0;
  left: 0;
  display: flex;
  box-sizing: border-box;
  align-items: center;
  gap: 8px;
  padding: 0 12px;
  overflow: hidden;
  white-space: nowrap;
  cursor: pointer;
}

.rnb-list-row:hover {
  background: var(--jp-layout-color2);
}

.rnb-list-row[aria-selected="true"] {
  background: color-mix(in srgb, var(--jp-brand-color1) 18%, transparent);
}

.rnb-list:focus-visible .rnb-list-row[aria-selected="true"] {
  background: var(--jp-brand-color1);
  color: var(--jp-ui-inverse-font-color1);
}

.rnb-list:focus-visible .rnb-list-row[aria-selected="true"] :is(.rnb-row-count, .rnb-row-note) {
  color: inherit;
}

.rnb-row-name {
  flex: 1 1 auto;
  min-width: 0;
  overflow: hidden;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  text-overflow: ellipsis;
}

.rnb-row-count,
.rnb-row-note {
  flex: none;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
}

/* ---- what is known of the selected item */

.rnb-details {
  flex: 0 1 auto;
  max-height: 55%;
  padding: 6px 12px 10px;
  overflow: auto;
  border-top: var(--jp-border-width) solid var(--jp-border-color2);
}

.rnb-details-head {
  display: flex;
  align-items: center;
  gap: 8px;
}

.rnb-details-name {
  flex: 1 1 auto;
  min-width: 0;
  overflow-wrap: anywhere;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  font-weight: 600;
}

.rnb-details-count,
.rnb-details-note {
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
}

.rnb-details h3 {
  margin: 8px 0 2px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-weight: 600;
}

.rnb-details-note {
  margin: 4px 0 0;
}

.rnb-details-fields {
  display: grid;
  align-items: baseline;
  grid-template-columns: minmax(4em, max-content) minmax(0, 1fr);
  gap: 2px 12px;
  margin: 0;
  line-height: 1.45;
}

.rnb-details-fields dt {
  max-width: 14em;
  overflow-wrap: anywhere;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.rnb-details-fields dd {
  margin: 0;
  overflow-wrap: anywhere;
  color: var(--jp-ui-font-color2);
}
`,""]),o.d(e,{},{A:i})},930(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* The data browser: a table in the main area, with what stands around its rows. Colours and fonts are JupyterLab's; those of
   the rows are of the widgets' base.css and grid.css. */

.rnb-browser {
  display: flex;
  flex-direction: column;
  min-width: 0;
  overflow: hidden;
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
}

.rnb-browser [hidden] {
  display: none;
}

.rnb-browser-banner {
  flex: none;
  padding: 3px 10px;
  border-bottom: 1px solid var(--jp-border-color2);
  border-left: 3px solid var(--jp-warn-color1);
  background: color-mix(in srgb, var(--jp-warn-color1) 14%, var(--jp-layout-color1));
  font-weight: 600;
}

/* ---- Which part of the table ---- */

.rnb.rnb-browser-range {
  display: flex;
  flex: none;
  flex-wrap: wrap;
  gap: 4px 8px;
  align-items: flex-start;
  width: auto;
  max-width: none;
  min-width: 0;
  max-height: 40%;
  margin: 0;
  padding: 5px 10px;
  border: 0;
  border-bottom: 1px solid var(--jp-border-color2);
  border-radius: 0;
  overflow: auto;
  background: var(--jp-layout-color1);
  font: inherit;
}

.rnb.rnb-browser-range select.rnb-control {
  flex: 0 1 auto;
  width: auto;
  height: 26px;
  min-height: 26px;
  max-width: 100%;
  padding: 2px 4px;
}

.rnb-browser-bounds {
  display: flex;
  flex: 1 0 100%;
  flex-wrap: wrap;
  gap: 4px 16px;
  align-items: flex-start;
  min-width: 0;
}

.rnb-browser-bound {
  display: flex;
  flex: 0 1 auto;
  flex-wrap: wrap;
  gap: 4px 6px;
  align-items: flex-start;
  min-width: 0;
}

.rnb-browser-bound-pair {
  display: flex;
  flex: 0 1 auto;
  gap: 6px;
  align-items: flex-start;
  min-width: 0;
}

.rnb-browser-bound-field,
.rnb-browser-bound-word {
  flex: none;
  max-width: 16em;
  overflow: hidden;
  background: none;
  color: var(--jp-ui-font-color2);
  line-height: 26px;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.rnb-browser .rnb-browser-bound-field {
  padding: 0;
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  line-height: 26px;
}

.rnb-browser-bound .rnb-input {
  width: 11em;
  max-width: 100%;
}

.rnb-browser-bound .rnb-input-datetime {
  width: 15em;
}

.rnb-browser-bound .rnb-input-boolean,
.rnb-browser-bound .rnb-input-choice {
  width: auto;
}

/* ---- Pages and what can be done ---- */

.rnb-browser-bar {
  display: flex;
  flex: none;
  flex-wrap: wrap;
  gap: 2px 12px;
  align-items: center;
  justify-content: space-between;
  padding: 3px 8px;
  border-bottom: 1px solid var(--jp-border-color2);
}

.rnb-browser-pages,
.rnb-browser-acts {
  display: flex;
  flex: 0 1 auto;
  gap: 2px;
  align-items: center;
  min-width: 0;
}

.rnb-browser-arrow {
  color: var(--jp-ui-font-color1);
  font-size: 17px;
  line-height: 1;
}

.rnb-browser-page {
  min-width: 0;
  padding: 0 6px;
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
}

.rnb-browser-state {
  flex: 0 1 auto;
  padding-left: 6px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  white-space: nowrap;
}

.rnb-browser-state:not(:empty)::before {
  content: "";
  display: inline-block;
  width: 7px;
  height: 7px;
  margin-right: 5px;
  border-radius: 50%;
  background: var(--jp-ui-font-color2);
}

.rnb-browser-state[data-state="live"]::before {
  background: var(--jp-success-color1);
}

.rnb-browser-state[data-state="stale"]::before,
.rnb-browser-state[data-state="loading"]::before,
.rnb-browser-state[data-state="connecting"]::before {
  background: var(--jp-warn-color1);
}

.rnb-browser-state[data-state="failed"]::before,
.rnb-browser-state[data-state="gone"]::before {
  background: var(--jp-error-color1);
}

.rnb-browser-jump {
  flex: 0 1 auto;
  width: 10em;
  min-width: 5em;
  height: 24px;
  margin-right: 6px;
  padding: 0 6px;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1);
  font: inherit;
}

.rnb-browser-jump:focus {
  border-color: var(--jp-brand-color1);
  outline: 1px solid var(--jp-brand-color1);
  outline-offset: -1px;
}

.rnb-browser-jump::placeholder {
  color: var(--jp-ui-font-color2);
  opacity: 1;
}

.rnb-browser [aria-pressed="true"],
.rnb-browser .rnb-lab-button[aria-expanded="true"] {
  background: var(--jp-layout-color3);
}

.rnb-browser button:disabled {
  opacity: 0.4;
  cursor: default;
}

.rnb-browser-confirm,
.rnb-browser-line {
  display: flex;
  flex: none;
  flex-wrap: wrap;
  gap: 4px 8px;
  align-items: center;
  max-height: 9em;
  padding: 4px 10px;
  border-bottom: 1px solid var(--jp-border-color2);
  overflow: auto;
  overflow-wrap: anywhere;
}

.rnb-browser-line {
  flex-wrap: nowrap;
}

.rnb-browser-line > span {
  flex: 0 1 auto;
  min-width: 0;
}

.rnb-browser-line > :last-child {
  margin-left: auto;
}

.rnb-browser-line.rnb-lab-error,
.rnb-browser-confirm {
  border-left: 3px solid var(--jp-error-color1);
}

.rnb-browser .rnb-browser-danger {
  border-color: var(--jp-error-color1);
  background: var(--jp-error-color1);
  color: var(--jp-ui-inverse-font-color1, white);
}

/* ---- Rows ---- */

.rnb-browser-middle {
  display: flex;
  flex: 1 1 auto;
  min-height: 0;
}

.rnb-browser-rows {
  display: flex;
  flex: 1 1 0;
  flex-direction: column;
  min-width: 0;
  min-height: 0;
}

.rnb-browser-rows > .rnb.rnb-grid {
  display: flex;
  flex: 1 1 auto;
  flex-direction: column;
  width: auto;
  max-width: none;
  min-width: 0;
  min-height: 0;
  margin: 0;
  border: 0;
  border-radius: 0;
}

.rnb-browser-rows > .rnb-grid::after {
  content: none;
}

/* The tab and the bar say what it is, and how it is with it. */
.rnb-browser-rows > .rnb-grid > .rnb-head {
  display: none;
}

.rnb-browser-rows .rnb-scroll {
  flex: 1 1 auto;
  min-height: 0 !important; /* the table's own, which grows for its messages: here there is room */
  max-height: none;
}

.rnb-browser-rows .rnb-foot {
  flex: none;
}

/* An earlier commit is as good to read as now; the banner says that it is one. */
.rnb-browser.rnb-mod-past .rnb-grid[data-state="closed"] .rnb-body {
  opacity: 1;
}

.rnb-browser.rnb-mod-past .rnb-notes {
  display: none;
}

/* ---- At the side ---- */

.rnb-browser-side {
  display: flex;
  flex: 0 1 22em;
  flex-direction: column;
  min-width: 12em;
  max-width: 60%;
  border-left: 1px solid var(--jp-border-color2);
}

.rnb-browser-side-head {
  display: flex;
  flex: none;
  align-items: center;
  justify-content: space-between;
  padding: 2px 4px 2px 10px;
  border-bottom: 1px solid var(--jp-border-color2);
}

.rnb-browser-side-head h2 {
  margin: 0;
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
}

.rnb-browser-side-body {
  flex: 1 1 auto;
  min-height: 0;
  padding: 8px 10px;
  overflow: auto;
}

.rnb-browser-side .rnb.rnb-form {
  width: auto;
  max-width: none;
  min-width: 0;
  margin: 0;
  border: 0;
  overflow: visible;
}

.rnb-browser-side .rnb-form > .rnb-head {
  flex-wrap: wrap;
  padding: 0 0 6px;
  border: 0;
  background: none;
  white-space: normal;
}

.rnb-browser-side .rnb-fields {
  grid-template-columns: minmax(0, 1fr);
  padding: 0;
}

.rnb-browser-side .rnb-input-json textarea {
  min-height: 6em;
}

.rnb-browser-id {
  display: block;
  overflow: hidden;
  background: none;
  color: var(--jp-ui-font-color2);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  text-overflow: ellipsis;
}

.rnb-browser-versions {
  margin: 0;
  padding: 0;
  list-style: none;
}

.rnb-browser-version {
  padding: 8px 0 8px 10px;
  border-left: 2px solid var(--jp-border-color1);
}

.rnb-browser-inserted {
  border-left-color: var(--jp-success-color1);
}

.rnb-browser-deleted {
  border-left-color: var(--jp-error-color1);
}

.rnb-browser-version-head {
  display: flex;
  flex-wrap: wrap;
  gap: 0 10px;
  font-variant-numeric: tabular-nums;
}

.rnb-browser-version-head time,
.rnb-browser-version-by,
.rnb-browser-note {
  color: var(--jp-ui-font-color2);
}

.rnb-browser-version-by code,
.rnb-browser-changes {
  background: none;
  color: inherit;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.rnb-browser-changes {
  display: grid;
  grid-template-columns: minmax(4em, auto) minmax(0, 1fr);
  gap: 2px 10px;
  margin: 4px 0 0;
}

.rnb-browser-changes dt {
  color: var(--jp-ui-font-color2);
  font-weight: normal;
  overflow-wrap: anywhere;
}

.rnb-browser-changes dd {
  margin: 0;
  overflow-wrap: anywhere;
}

.rnb-browser-changes ins {
  text-decoration: none;
}

.rnb-browser-changes del {
  color: var(--jp-ui-font-color2);
}

/* A narrow tab: the side lies over the rows. */
@container rnb-browser (max-width: 520px) {
  .rnb-browser-middle {
    flex-direction: column;
  }

  .rnb-browser-side {
    flex: 0 0 50%;
    min-height: 0;
    max-width: none;
    border-top: 1px solid var(--jp-border-color2);
    border-left: 0;
  }
}

.rnb-browser {
  container: rnb-browser / inline-size;
}
`,""]),o.d(e,{},{A:i})},709(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* The section Functions, and its runner. */

.rnb-functions-internal .rnb-row-name {
  color: var(--jp-ui-font-color2);
  font-style: italic;
}

.rnb-functions .rnb-details,
.rnb-lives .rnb-details {
  max-height: 70%;
}

.rnb-functions-doc {
  margin: 4px 0 0;
  overflow-wrap: anywhere;
  line-height: var(--jp-content-line-height);
}

/* ---- runner */

.rnb.rnb-runner-form {
  width: 100%;
  max-width: 100%;
  min-width: 0;
  margin: 0;
  border: 0;
  overflow: visible;
}

.rnb-runner-form .rnb-fields {
  padding: 4px 0;
}

.rnb-runner-off {
  opacity: 0.5;
}

.rnb-runner-head {
  display: flex;
  align-items: center;
  justify-content: space-between;
  margin-top: 4px;
}

.rnb-runner-head h3 {
  margin: 0;
}

.rnb-runner-result .rnb-grid {
  width: 100%;
  max-width: 100%;
  min-width: 0;
  margin: 0;
}
`,""]),o.d(e,{},{A:i})},770(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* The graph view. */

.rnb-graph {
  display: flex;
  flex-direction: column;
  min-width: 0;
  height: 100%;
  overflow: hidden;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
}

.rnb-graph [hidden] {
  display: none !important;
}

.rnb-graph-head {
  flex: none;
  padding: 6px 12px;
  border-bottom: var(--jp-border-width) solid var(--jp-warn-color1);
  background: color-mix(in srgb, var(--jp-warn-color1) 14%, transparent);
}

.rnb-graph .rnb-section-note {
  padding-top: 10px;
}

.rnb-graph-body {
  position: relative;
  flex: 1 1 auto;
  min-height: 0;
  overflow: auto;
}

.rnb-graph-lines {
  position: absolute;
  left: 0;
  pointer-events: none;
}

.rnb-graph-lines path {
  fill: none;
  stroke: var(--jp-border-color1);
  stroke-width: 1.2px;
}

.rnb-graph-lines .rnb-graph-touched {
  stroke: var(--jp-brand-color1);
  stroke-width: 2px;
}

.rnb-graph-lines .rnb-graph-near {
  stroke: var(--jp-ui-font-color1);
  stroke-width: 2px;
}

.rnb-graph-columns {
  display: grid;
  grid-template-columns: minmax(110px, 1fr) minmax(150px, 2fr) minmax(150px, 2fr) minmax(124px, 1fr);
  gap: 0 44px;
  min-width: 670px;
  padding: 4px 16px 16px;
}

.rnb-graph-column {
  min-width: 0;
}

.rnb-graph-boxes {
  position: relative;
}

.rnb-graph-column h2 {
  position: sticky;
  z-index: 1;
  top: 0;
  margin: 0;
  padding: 8px 0;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-weight: 600;
}

/* Placed by its number: of a thousand only those in sight are in the page. */
.rnb-graph-entry {
  position: absolute;
  right: 0;
  left: 0;
}

.rnb-graph-box {
  display: flex;
  flex-direction: column;
  justify-content: center;
  box-sizing: border-box;
  width: 100%;
  padding: 4px 8px;
  overflow: hidden;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: inherit;
  text-align: left;
  cursor: pointer;
}

.rnb-graph-box:hover {
  background: var(--jp-layout-color2);
}

.rnb-graph-box:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: -1px;
}

.rnb-graph-box.rnb-graph-touched {
  border-color: var(--jp-brand-color1);
  background: color-mix(in srgb, var(--jp-brand-color1) 12%, var(--jp-layout-color1));
  box-shadow: inset 3px 0 0 var(--jp-brand-color1);
}

.rnb-graph-box.rnb-graph-near {
  border-color: var(--jp-ui-font-color1);
}

.rnb-graph-text,
.rnb-graph-note {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.rnb-graph-text {
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.rnb-graph-note {
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}
`,""]),o.d(e,{},{A:i})},646(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=o.n(a),l=o(363),b=o(24),s=o(933),d=o(881),p=o(475),c=o(47),f=o(709),u=o(794),h=o(930),x=o(749),v=o(770),w=o(759),g=i()(t());g.i(l.A),g.i(b.A),g.i(s.A),g.i(d.A),g.i(p.A),g.i(c.A),g.i(f.A),g.i(u.A),g.i(h.A),g.i(x.A),g.i(v.A),g.i(w.A),g.push([r.id,`/* All of the panel's styles: its own, and those of the widgets whose code it shows. */
`,""]),o.d(e,{},{A:g})},749(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* Rows of two lines, states, and details: what Jobs, Log and other lists of things that happen share. */

.rnb-row-double {
  flex-wrap: wrap;
  align-content: center;
  gap: 0 8px;
}

.rnb-row-second {
  flex: 0 0 100%;
  overflow: hidden;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
  text-overflow: ellipsis;
}

.rnb-row-double .rnb-row-name {
  width: 0;
}

.rnb-row-state {
  flex: none;
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
}

.rnb-state-usual,
.rnb-state-rest {
  color: var(--jp-ui-font-color2);
}

/* The theme's own orange is too light for small letters. */
.rnb-state-busy {
  color: color-mix(in srgb, var(--jp-warn-color0) 65%, var(--jp-ui-font-color0));
}

.rnb-state-bad {
  color: var(--jp-error-color1);
}

.rnb-list:focus-visible .rnb-list-row[aria-selected="true"] :is(.rnb-row-second, .rnb-row-state) {
  color: inherit;
}

.rnb-details-actions {
  display: flex;
  flex-wrap: wrap;
  gap: 6px;
  margin: 8px 0;
}

.rnb-details-facts {
  display: grid;
  align-items: baseline;
  grid-template-columns: max-content minmax(0, 1fr);
  gap: 2px 12px;
  margin: 6px 0;
  line-height: 1.45;
}

.rnb-details-facts dt {
  color: var(--jp-ui-font-color2);
}

.rnb-details-facts dd {
  margin: 0;
  overflow-wrap: anywhere;
}

.rnb-details-source,
.rnb-details-error {
  margin: 6px 0;
  padding: 6px 8px;
  overflow-wrap: anywhere;
  border: var(--jp-border-width) solid var(--jp-cell-editor-border-color);
  background: var(--jp-cell-editor-background);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  line-height: 1.4;
  white-space: pre-wrap;
}

.rnb-details-error {
  max-height: 16em;
  overflow: auto;
  border-color: var(--jp-error-color1);
}

.rnb-details-head .rnb-details-count {
  flex: none;
  white-space: nowrap;
}

.rnb-details-fact {
  margin: 2px 0;
  overflow-wrap: anywhere;
  line-height: 1.45;
}

.rnb-details-runs {
  display: grid;
  grid-template-columns: max-content max-content 1fr;
  gap: 2px 12px;
  margin: 0;
  padding: 0;
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
  list-style: none;
}

.rnb-details-runs li {
  display: contents;
}

.rnb-run-took {
  color: var(--jp-ui-font-color2);
}

.rnb-run-error {
  grid-column: 1 / -1;
  overflow-wrap: anywhere;
  color: var(--jp-error-color1);
}

/* ---- log */

.rnb-lab-select {
  flex: none; /* narrower than its longest word, the arrow would cover that */
  height: 26px;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: 0;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: inherit;
  font-size: var(--jp-ui-font-size1);
}

.rnb-lab-link {
  padding: 0;
  border: 0;
  background: none;
  color: var(--jp-content-link-color);
  font: inherit;
  cursor: pointer;
}

.rnb-lab-link:hover {
  text-decoration: underline;
}

.rnb-log-change {
  margin: 4px 0 8px;
}

.rnb-log-document {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 0 8px;
}

.rnb-log-kind {
  color: var(--jp-ui-font-color2);
}

.rnb-log-id {
  overflow: hidden;
  max-width: 100%;
  color: var(--jp-ui-font-color2);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-ui-font-size0);
  text-overflow: ellipsis;
}

.rnb-log-change del {
  color: var(--jp-error-color1);
  text-decoration: line-through;
}

.rnb-log-change ins {
  color: color-mix(in srgb, var(--jp-success-color0) 65%, var(--jp-ui-font-color0));
  text-decoration: none;
}

/* ---- jobs */

.rnb-details-question {
  flex: 1 1 100%;
  margin: 0;
  overflow-wrap: anywhere;
  line-height: 1.45;
}

.rnb-lab-button.rnb-lab-danger {
  border-color: var(--jp-error-color1);
  color: var(--jp-error-color1);
}
`,""]),o.d(e,{},{A:i})},794(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* The section Live: states as words with a dot, and what a result has read. */

.rnb-lives-state::before {
  content: "";
  display: inline-block;
  width: 7px;
  height: 7px;
  margin-right: 5px;
  border-radius: 50%;
  background: var(--jp-ui-font-color3);
}

[data-state="live"] > .rnb-lives-state::before {
  background: var(--jp-success-color1);
}

:is([data-state="stale"], [data-state="loading"]) > .rnb-lives-state::before {
  background: var(--jp-warn-color1);
}

[data-state="failed"] > .rnb-lives-state::before {
  background: var(--jp-error-color1);
}

[data-state="paused"] > .rnb-lives-state::before {
  border-radius: 0;
  background: var(--jp-info-color1);
}

.rnb-lives-reads {
  margin: 0;
  padding: 0;
  list-style: none;
}

.rnb-lives-reads li {
  overflow-wrap: anywhere;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}
`,""]),o.d(e,{},{A:i})},47(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* The section Tables. */

.rnb-tables-fold .rnb-row-name {
  color: var(--jp-ui-font-color2);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
}

.rnb-tables-fold .rnb-row-name::before {
  content: "▸";
  display: inline-block;
  width: 1.1em;
}

.rnb-tables-fold[aria-expanded="true"] .rnb-row-name::before {
  content: "▾";
}
`,""]),o.d(e,{},{A:i})},759(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* The time slider below the panel's header. */

.rnb-time-row {
  display: flex;
  align-items: center;
  gap: 8px;
  padding: 0 12px 4px;
}

.rnb-time-slider {
  flex: 1 1 auto;
  min-width: 0;
  height: 16px;
  margin: 0;
  accent-color: var(--jp-brand-color1);
  cursor: pointer;
}

.rnb-time-slider:disabled {
  cursor: default;
}

.rnb-time-label {
  flex: none;
  min-width: 3em;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
  text-align: right;
}

.rnb-time-past {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 4px 8px;
  padding: 6px 12px;
  border-top: var(--jp-border-width) solid var(--jp-warn-color1);
  border-bottom: var(--jp-border-width) solid var(--jp-warn-color1);
  background: color-mix(in srgb, var(--jp-warn-color1) 14%, transparent);
}

.rnb-time-past-text {
  flex: 1 1 10em;
  min-width: 0;
  overflow-wrap: anywhere;
}
`,""]),o.d(e,{},{A:i})},363(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* What all widgets of a page share: colours, the frame around a widget, its head and its foot. The colours are the front
   end's own: JupyterLab's variables, else VS Code's, else the system's (Voil\xe0 has JupyterLab's). Everything is inside
   .rnb, the class of every widget's root. */

.rnb {
  --rnb-text: var(--jp-ui-font-color1, var(--vscode-editor-foreground, CanvasText));
  --rnb-quiet: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, color-mix(in srgb, CanvasText 65%, Canvas)));
  --rnb-surface: var(--jp-layout-color1, var(--vscode-editor-background, Canvas));
  --rnb-head: var(--jp-layout-color2, var(--vscode-editorWidget-background, Canvas));
  --rnb-line: var(--jp-border-color2, var(--vscode-panel-border, color-mix(in srgb, currentColor 25%, transparent)));
  --rnb-hover: color-mix(in srgb, var(--rnb-text) 6%, transparent);
  --rnb-flash: color-mix(in srgb, var(--jp-warn-color1, #f5a623) 45%, transparent);
  --rnb-good: var(--jp-success-color1, #2e9e4f);
  --rnb-wait: var(--jp-warn-color1, #c77700);
  --rnb-bad: var(--jp-error-color1, #d32f2f);
  --rnb-accent: var(--jp-brand-color1, var(--vscode-focusBorder, #1976d2));
  --rnb-code: var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, monospace));

  box-sizing: border-box;
  max-width: calc(100% - 8px);
  width: fit-content;
  min-width: min(18em, 100% - 8px);
  margin: 2px 8px 2px 0; /* so that two in a row stand apart */
  border: 1px solid var(--rnb-line);
  border-radius: 4px;
  overflow: hidden;
  color: var(--rnb-text);
  background: var(--rnb-surface);
  font: 13px/1.45 var(--jp-ui-font-family, system-ui, sans-serif);
}

/* Where a widget is put: in a row of widgets it shrinks, and the widget scrolls, where it would be cut off. */
.rnb-host {
  min-width: 0;
}

.rnb *,
.rnb *::before {
  box-sizing: border-box;
}

.rnb [hidden] {
  display: none !important;
}

.rnb :focus-visible {
  outline: 2px solid var(--rnb-accent);
  outline-offset: -2px; /* the box around it would cut it off */
}

.rnb-head {
  display: flex;
  align-items: baseline;
  gap: 12px;
  padding: 4px 10px;
  border-bottom: 1px solid var(--rnb-line);
  background: var(--rnb-head);
  white-space: nowrap;
}

.rnb-title {
  flex: 0 1 auto;
  min-width: 0;
  overflow: hidden;
  text-overflow: ellipsis;
  background: none !important;
  color: inherit;
  font: 12px var(--rnb-code);
}

.rnb-state {
  margin-left: auto;
  font-size: 12px;
}

.rnb-state::before {
  content: "";
  display: inline-block;
  width: 7px;
  height: 7px;
  margin-right: 6px;
  border-radius: 50%;
  background: var(--rnb-quiet);
}

.rnb[data-state="live"] .rnb-state::before {
  background: var(--rnb-good);
}

.rnb[data-state="connecting"] .rnb-state::before,
.rnb[data-state="loading"] .rnb-state::before,
.rnb[data-state="stale"] .rnb-state::before {
  background: var(--rnb-wait);
}

.rnb[data-state="failed"] .rnb-state,
.rnb[data-state="gone"] .rnb-state {
  color: color-mix(in srgb, var(--rnb-bad) 70%, var(--rnb-text));
}

.rnb[data-state="failed"] .rnb-state::before,
.rnb[data-state="gone"] .rnb-state::before {
  background: var(--rnb-bad);
}

.rnb-alert {
  max-height: 9em;
  overflow: auto;
  padding: 6px 10px;
  border-bottom: 1px solid var(--rnb-line);
  border-left: 3px solid var(--rnb-bad);
  font-size: 12px;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

.rnb-foot {
  padding: 3px 10px;
  border-top: 1px solid color-mix(in srgb, var(--rnb-line) 45%, transparent);
  color: var(--rnb-quiet);
  font-size: 12px;
}

.rnb-facts {
  display: flex;
  flex-wrap: wrap;
  gap: 0 12px;
  font-variant-numeric: tabular-nums;
}

/* A button that reads as a link, for what is seldom wanted. */
.rnb-quiet-button {
  padding: 0;
  border: 0;
  background: none;
  color: inherit;
  font: inherit;
  text-decoration: underline dotted;
  cursor: pointer;
}

/* A sentence is never the reason for a wide box. */
.rnb-alert,
.rnb-foot {
  contain: inline-size;
}
`,""]),o.d(e,{},{A:i})},881(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* Outputs that are replaced in place. They have no frame of their own, as outputs of a cell have none; what is to be said
   about them stands above, below, or for what passes by itself over them, so that nothing moves when it comes and goes. */

.rnb-host:has(> .rnb-content) {
  min-width: min(8em, 100%);
}

.rnb.rnb-content {
  position: relative;
  width: auto;
  border: 0;
  border-radius: 0;
  background: none;
}

.rnb-outputs {
  position: relative;
  overflow-x: auto;
}

/* In the page, so that its width can be measured, and not to be seen yet. */
.rnb-staged {
  position: absolute;
  inset: 0 0 auto 0;
  height: 0;
  overflow: hidden;
  visibility: hidden;
}

.rnb-content .rnb-output {
  padding: 2px 0;
}

.rnb-content .rnb-output > img {
  display: block;
  max-width: 100%;
  height: auto;
}

/* At the left, as in a cell. */
.rnb-content .rnb-html table {
  margin-inline: 0;
}

.rnb-content pre {
  margin: 0;
  padding: 2px 0;
  background: none;
  color: inherit;
  font: 13px/1.4 var(--rnb-code);
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

.rnb-content pre.rnb-stream[data-name="stderr"] {
  padding: 2px 6px;
  background: color-mix(in srgb, var(--rnb-bad) 14%, transparent);
}

.rnb-unshown {
  color: var(--rnb-quiet);
  font-size: 12px;
}

.rnb-content > .rnb-state {
  position: absolute;
  inset: 2px 2px auto auto;
  padding: 1px 8px;
  border-radius: 9px;
  background: color-mix(in srgb, var(--rnb-surface) 88%, transparent);
  color: var(--rnb-quiet);
  pointer-events: none;
  animation: rnb-appear 0.2s 0.4s both; /* what is over sooner need not be said */
}

.rnb-content[data-state="running"] > .rnb-state::before,
.rnb-content[data-state="waiting"] > .rnb-state::before {
  background: var(--rnb-wait);
}

@keyframes rnb-appear {
  from {
    opacity: 0;
  }
}

.rnb-content > .rnb-alert {
  margin-bottom: 4px;
  border-bottom: 0;
  background: color-mix(in srgb, var(--rnb-bad) 10%, transparent);
}

.rnb-content > .rnb-foot {
  padding: 2px 0;
  border-top: 0;
}
`,""]),o.d(e,{},{A:i})},933(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* Inputs, forms and buttons. The inputs' part serves the editor of a table's cell too. Colours are base.css's. */

.rnb-input {
  min-width: 0;
}

.rnb-input-line {
  display: flex;
  position: relative;
  align-items: center;
  gap: 8px;
  min-height: 26px;
}

.rnb .rnb-control {
  flex: 1 1 auto;
  width: 100%;
  min-width: 0;
  min-height: 26px;
  margin: 0;
  padding: 3px 7px;
  border: 1px solid var(--rnb-line);
  border-radius: 3px;
  color: var(--rnb-text);
  background: var(--rnb-surface);
  font: inherit;
}

.rnb textarea.rnb-control {
  resize: vertical;
  overflow: auto;
}

.rnb .rnb-input-json .rnb-control {
  font-size: 12px;
  font-family: var(--rnb-code);
}

.rnb-input-number .rnb-input-line,
.rnb-input-integer .rnb-input-line,
.rnb-input-datetime .rnb-input-line {
  max-width: 18em;
  font-variant-numeric: tabular-nums;
}

.rnb .rnb-input-choice .rnb-control,
.rnb .rnb-input-boolean .rnb-control {
  flex: 0 1 auto;
  width: auto;
}

.rnb .rnb-control:hover {
  border-color: var(--rnb-quiet);
}

.rnb .rnb-control:focus {
  border-color: var(--rnb-accent);
  outline: 1px solid var(--rnb-accent);
  outline-offset: -1px;
}

.rnb .rnb-control::placeholder {
  color: var(--rnb-quiet);
  font-family: inherit;
  opacity: 1;
}

.rnb .rnb-control[aria-invalid="true"] {
  border-color: var(--rnb-bad);
}

.rnb .rnb-control:disabled,
.rnb .rnb-run:disabled {
  opacity: 0.55;
}

.rnb-checkbox {
  margin: 0;
  accent-color: var(--rnb-accent);
}

.rnb-constant,
.rnb-file-note {
  color: var(--rnb-quiet);
}

.rnb-file-note {
  white-space: nowrap;
}

.rnb-file {
  min-width: 0;
  max-width: 100%;
  color: inherit;
  font: inherit;
}

/* What an empty input means, inside its right end. */
.rnb-empty-choice {
  position: absolute;
  right: 5px;
  padding: 0 5px;
  border: 0;
  border-radius: 3px;
  background: var(--rnb-head);
  color: color-mix(in srgb, var(--rnb-quiet) 70%, var(--rnb-text));
  font: inherit;
  font-size: 11px;
  cursor: pointer;
}

.rnb-input-error {
  padding: 2px 0 3px;
  color: color-mix(in srgb, var(--rnb-bad) 70%, var(--rnb-text));
  font-size: 12px;
  overflow-wrap: anywhere;
}

.rnb-options {
  max-height: 16em;
  margin: 0;
  padding: 2px 0;
  overflow: auto;
  border: 1px solid var(--rnb-line);
  border-radius: 3px;
  background: var(--rnb-surface);
  color: var(--rnb-text);
  font: inherit;
  list-style: none;
}

.rnb-options:popover-open {
  position: fixed;
  inset: auto;
  max-width: min(36em, calc(100vw - 8px));
  box-shadow: 0 3px 12px rgb(0 0 0 / 30%);
}

.rnb-option {
  display: flex;
  align-items: baseline;
  gap: 10px;
  padding: 3px 8px;
  cursor: default;
}

.rnb-option span {
  flex: 1 1 auto;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.rnb-option code {
  flex: none;
  max-width: 9em;
  overflow: hidden;
  background: none !important;
  color: var(--rnb-quiet);
  font: 11px var(--rnb-code);
  text-overflow: ellipsis;
}

.rnb-option:hover {
  background: var(--rnb-hover);
}

.rnb-option[aria-selected="true"] {
  background: color-mix(in srgb, var(--rnb-accent) 22%, transparent);
}

.rnb-options-note {
  padding: 3px 8px;
  color: var(--rnb-quiet);
  font-size: 12px;
}

/* ------------------------------------------------------------------ a form */

.rnb.rnb-form {
  container-type: inline-size;
  width: 44em;
}

.rnb-about {
  flex: 1 1 0;
  min-width: 0;
  overflow: hidden;
  color: color-mix(in srgb, var(--rnb-quiet) 70%, var(--rnb-text));
  font-size: 12px;
  text-overflow: ellipsis;
}

.rnb-fields {
  display: grid;
  grid-template-columns: fit-content(35%) minmax(0, 1fr);
  gap: 6px 14px;
  margin: 0;
  padding: 9px 10px 10px;
}

.rnb-label {
  padding-top: 3px;
  color: var(--rnb-text);
  overflow-wrap: anywhere;
}

.rnb-optional {
  color: var(--rnb-quiet);
  font-size: 11px;
}

.rnb-actions {
  display: flex;
  grid-column: 1 / -1;
  align-items: baseline;
  gap: 12px;
  min-width: 0;
  padding-top: 2px;
}

@container (max-width: 26em) {
  .rnb-fields {
    grid-template-columns: minmax(0, 1fr);
    gap: 2px;
  }

  .rnb-fields .rnb-input {
    margin-bottom: 6px;
  }

  .rnb-actions {
    flex-wrap: wrap;
  }
}

.rnb .rnb-run {
  flex: none;
  max-width: 100%;
  min-height: 28px;
  margin: 0;
  padding: 3px 14px;
  border: 1px solid var(--rnb-accent);
  border-radius: 3px;
  background: color-mix(in srgb, var(--rnb-accent) 14%, var(--rnb-surface));
  color: var(--rnb-text);
  font: inherit;
  overflow-wrap: anywhere;
  cursor: pointer;
}

.rnb .rnb-run:hover:not(:disabled) {
  background: color-mix(in srgb, var(--rnb-accent) 26%, var(--rnb-surface));
}

.rnb .rnb-run:focus-visible {
  outline-offset: 1px;
}

.rnb .rnb-run:disabled {
  cursor: default;
}

.rnb-outcome {
  flex: 1 1 0;
  min-width: 0;
  max-height: 12em;
  overflow: auto;
  font-size: 12px;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

/* One line of text that begins with the bar: beside a button where there is room, below it where there is none. */
.rnb-progress {
  flex: 1 1 auto;
  min-width: 0;
  font-size: 12px;
  font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere;
}

.rnb-bar {
  width: 12em;
  max-width: 100%;
  margin-right: 10px;
  vertical-align: middle;
  accent-color: var(--rnb-accent);
}

.rnb[data-state="failed"] .rnb-outcome,
.rnb[data-state="gone"] .rnb-outcome {
  color: color-mix(in srgb, var(--rnb-bad) 70%, var(--rnb-text));
}

.rnb[data-state="running"] .rnb-outcome,
.rnb-commit {
  color: var(--rnb-quiet);
}

.rnb-result.rnb-other {
  font-family: var(--rnb-code);
}

/* ------------------------------------------------------------------ a button */

.rnb.rnb-button {
  min-width: 0;
  overflow: visible;
  border: 0;
  background: none;
}

.rnb-press {
  display: flex;
  flex-wrap: wrap;
  align-items: flex-start;
  gap: 6px 12px;
  margin: 0;
}

.rnb-pair {
  display: flex;
  gap: 8px;
  min-width: 0;
}

.rnb-pair .rnb-label {
  flex: none;
  max-width: 50%;
}

.rnb-press .rnb-outcome {
  flex: 1 1 12em;
  padding-top: 5px;
}

.rnb-press .rnb-progress {
  padding-top: 5px;
}
`,""]),o.d(e,{},{A:i})},24(r,e,o){var n=o(601),t=o.n(n),a=o(314),i=(o.n(a))()(t());i.push([r.id,`/* The live table. Heights here are numbers in viewport.js and gridview.js too. */

.rnb.rnb-grid {
  min-width: min(20em, 100% - 8px);
}

.rnb-host:has(> .rnb-grid) {
  min-width: min(11em, 100%); /* of a narrower table nothing can be read: the row scrolls instead */
}

/* In a row of widgets a share of the width says nothing while the row is measured: this has a small table ask for room. */
.rnb-grid::after {
  content: "";
  display: block;
  width: 20em;
  max-width: 100%;
}

.rnb-scroll {
  position: relative;
  max-height: 420px;
  overflow: auto;
  overflow-anchor: none; /* the table itself keeps the reader's place */
  overscroll-behavior-x: contain;
}

.rnb-scroll[data-tall] {
  overflow-y: scroll; /* its bar is part of the width */
}

.rnb-grid[data-state="failed"] .rnb-body,
.rnb-grid[data-state="gone"] .rnb-body,
.rnb-grid[data-state="closed"] .rnb-body {
  opacity: 0.65;
}

/* ---- Head ---- */

.rnb-headgroup {
  position: sticky;
  top: 0;
  z-index: 3;
  width: var(--rnb-width);
  min-width: 100%;
  border-bottom: 1px solid var(--rnb-line);
  background: var(--rnb-surface);
}

.rnb-headrow,
.rnb-filterrow,
.rnb-row {
  display: grid;
  grid-template-columns: var(--rnb-columns);
}

.rnb-headrow {
  height: 26px;
}

.rnb-headcell {
  position: relative;
  display: flex;
  align-items: center;
  gap: 4px;
  min-width: 0;
  padding: 0 12px;
  color: var(--rnb-quiet);
  font-weight: 600;
  white-space: nowrap;
  cursor: pointer;
  user-select: none;
}

.rnb-headcell:hover {
  background: var(--rnb-hover);
  color: var(--rnb-text);
}

.rnb-headcell.rnb-number {
  flex-direction: row-reverse;
}

.rnb-name {
  overflow: hidden;
  text-overflow: ellipsis;
}

.rnb-mark {
  flex: none;
  color: var(--rnb-accent);
  font-size: 10px;
}

.rnb-edge {
  position: absolute;
  top: 0;
  right: -4px;
  z-index: 1;
  width: 9px;
  height: 100%;
  cursor: col-resize;
  touch-action: none;
}

.rnb-headcell:last-child .rnb-edge {
  right: 0;
}

.rnb-edge::before {
  content: "";
  position: absolute;
  top: 6px;
  bottom: 6px;
  left: 4px;
  width: 1px;
  background: transparent;
}

.rnb-headrow:hover .rnb-edge::before {
  background: var(--rnb-line);
}

.rnb-edge:hover::before,
.rnb-edge:active::before {
  top: 0;
  bottom: 0;
  left: 3px;
  width: 2px;
  background: var(--rnb-accent);
}

.rnb-filterrow {
  height: 30px;
}

.rnb-filtercell {
  min-width: 0;
  padding: 2px 4px;
}

.rnb-filter {
  width: 100%;
  height: 24px;
  padding: 0 8px;
  border: 1px solid var(--rnb-line);
  border-radius: 3px;
  background: var(--rnb-surface);
  color: var(--rnb-text);
  font: inherit;
}

.rnb-filter::placeholder {
  color: var(--rnb-quiet);
  opacity: 1;
}

/* ---- Rows ---- */

/* Rows that are not known yet are bars: a background costs nothing, however fast the reader scrolls. */
.rnb-body {
  position: relative;
  width: var(--rnb-width);
  min-width: 100%;
  background-image: linear-gradient(to bottom, transparent 8px, var(--rnb-hover) 8px, var(--rnb-hover) 16px, transparent 16px);
  background-position: 12px 0;
  background-size: 100% 24px;
  user-select: none;
  cursor: default;
}

.rnb-row {
  position: absolute;
  top: 0;
  left: 0;
  right: 0;
  height: 24px;
  contain: layout style paint;
  border-bottom: 1px solid color-mix(in srgb, var(--rnb-line) 40%, transparent);
  background: var(--rnb-surface);
}

.rnb-row:hover {
  background: color-mix(in srgb, var(--rnb-text) 5%, var(--rnb-surface));
}

.rnb-cell {
  min-width: 0;
  padding: 0 12px;
  overflow: hidden;
  line-height: 23px;
  text-overflow: ellipsis;
  white-space: pre;
}

.rnb-cell.rnb-number {
  text-align: right;
}

.rnb-cell.rnb-number,
.rnb-cell.rnb-time {
  font-variant-numeric: tabular-nums;
}

.rnb-cell.rnb-empty {
  color: var(--rnb-quiet);
}

.rnb-cell.rnb-other {
  font-size: 12px;
  font-family: var(--rnb-code);
}

.rnb-cell.rnb-nested {
  cursor: zoom-in;
}

.rnb-cell[role="rowheader"] {
  color: var(--rnb-quiet);
}

.rnb-cell[aria-selected="true"] {
  background-color: color-mix(in srgb, var(--rnb-accent) 16%, transparent);
}

.rnb-cell[data-active],
.rnb-headcell[data-active] {
  box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--rnb-accent) 55%, transparent);
}

.rnb-scroll:focus {
  outline: none;
}

.rnb-scroll:focus .rnb-cell[data-active],
.rnb-scroll:focus .rnb-headcell[data-active] {
  box-shadow: inset 0 0 0 2px var(--rnb-accent);
}

.rnb-scroll:focus-visible:not([aria-activedescendant]) {
  outline: 2px solid var(--rnb-accent);
  outline-offset: -2px;
}

.rnb-none {
  padding: 8px 12px;
  color: var(--rnb-quiet);
}

/* ---- A list, a record, one value ---- */

.rnb-grid[data-kind="record"] .rnb-number {
  text-align: left;
}

.rnb-grid[data-kind="scalar"] .rnb-body {
  width: auto;
  background: none;
}

.rnb-grid[data-kind="scalar"] .rnb-row {
  position: static;
  display: block;
  height: auto;
  border: 0;
  contain: none;
}

.rnb-grid[data-kind="scalar"] .rnb-cell {
  padding: 10px 14px 12px;
  max-width: 60em;
  font-size: 28px;
  line-height: 1.2;
  text-align: left;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

.rnb-grid[data-kind="scalar"] .rnb-cell.rnb-text,
.rnb-grid[data-kind="scalar"] .rnb-cell.rnb-other {
  font-size: 16px;
}

/* ---- The whole of one value ---- */

.rnb-detail {
  border-top: 1px solid var(--rnb-line);
  contain: inline-size;
}

.rnb-detail-head {
  display: flex;
  justify-content: space-between;
  gap: 12px;
  padding: 2px 10px;
  background: var(--rnb-head);
  color: color-mix(in srgb, var(--rnb-quiet) 70%, var(--rnb-text));
  font-size: 12px;
}

.rnb-detail-name {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.rnb .rnb-detail-text {
  max-height: 240px;
  margin: 0;
  padding: 6px 12px;
  overflow: auto;
  background: var(--rnb-surface);
  color: var(--rnb-text);
  font: 12px/1.5 var(--rnb-code);
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

/* ---- Foot ---- */

.rnb-buttons {
  display: flex;
  gap: 12px;
  margin-left: auto;
}

.rnb-notice {
  color: var(--rnb-text);
}

/* ---- Editing ---- */

.rnb-layer {
  position: absolute;
  left: 0;
  z-index: 2;
  width: 0;
  height: 0;
}

.rnb-editor,
.rnb-refusal {
  position: absolute;
  top: 0;
  left: 0;
  width: max-content;
  border-radius: 3px;
  background: var(--rnb-surface);
  box-shadow: 0 2px 8px rgb(0 0 0 / 25%);
}

.rnb-editor {
  z-index: 1;
}

.rnb-editor .rnb-input-line {
  min-height: 24px;
}

.rnb .rnb-editor .rnb-control {
  max-width: none;
  min-height: 24px;
  padding: 0 10px;
  border-color: var(--rnb-accent);
}

.rnb .rnb-editor textarea.rnb-control {
  min-width: 22em;
  min-height: 62px;
  padding: 3px 10px;
}

.rnb-editor .rnb-input-boolean,
.rnb-editor .rnb-input-file {
  padding: 0 8px;
}

.rnb-editor-news,
.rnb-editor .rnb-input-error {
  padding: 4px 10px;
  border-left: 3px solid var(--rnb-wait);
  font-size: 12px;
  line-height: 1.35;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
  contain: inline-size;
}

.rnb-refusal {
  padding: 6px 10px;
  border: 1px solid var(--rnb-line);
  border-left: 3px solid var(--rnb-bad);
  font-size: 12px;
  line-height: 1.4;
}

.rnb-refusal-reason {
  max-width: 30em;
  max-height: 10em;
  overflow: auto;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}

.rnb-refusal-buttons {
  display: flex;
  gap: 8px;
  margin-top: 6px;
}

.rnb .rnb-refusal-buttons button {
  padding: 1px 10px;
  border: 1px solid var(--rnb-line);
  border-radius: 3px;
  background: var(--rnb-head);
  color: var(--rnb-text);
  font: inherit;
  cursor: pointer;
}

.rnb .rnb-refusal-buttons button:hover {
  border-color: var(--rnb-accent);
}

.rnb-cell.rnb-pending {
  color: var(--rnb-quiet);
  font-style: italic;
}

.rnb-cell[aria-readonly="false"] {
  cursor: cell;
}
`,""]),o.d(e,{},{A:i})},314(r){r.exports=function(r){var e=[];return e.toString=function(){return this.map(function(e){var o="",n=void 0!==e[5];return e[4]&&(o+="@supports (".concat(e[4],") {")),e[2]&&(o+="@media ".concat(e[2]," {")),n&&(o+="@layer".concat(e[5].length>0?" ".concat(e[5]):""," {")),o+=r(e),n&&(o+="}"),e[2]&&(o+="}"),e[4]&&(o+="}"),o}).join("")},e.i=function(r,o,n,t,a){"string"==typeof r&&(r=[[null,r,void 0]]);var i={};if(n)for(var l=0;l<this.length;l++){var b=this[l][0];null!=b&&(i[b]=!0)}for(var s=0;s<r.length;s++){var d=[].concat(r[s]);n&&i[d[0]]||(void 0!==a&&(void 0===d[5]||(d[1]="@layer".concat(d[5].length>0?" ".concat(d[5]):""," {").concat(d[1],"}")),d[5]=a),o&&(d[2]&&(d[1]="@media ".concat(d[2]," {").concat(d[1],"}")),d[2]=o),t&&(d[4]?(d[1]="@supports (".concat(d[4],") {").concat(d[1],"}"),d[4]=t):d[4]="".concat(t)),e.push(d))}},e}},601(r){r.exports=function(r){return r[1]}},72(r){var e=[];function o(r){for(var o=-1,n=0;n<e.length;n++)if(e[n].identifier===r){o=n;break}return o}function n(r,n){for(var t={},a=[],i=0;i<r.length;i++){var l=r[i],b=n.base?l[0]+n.base:l[0],s=t[b]||0,d="".concat(b," ").concat(s);t[b]=s+1;var p=o(d),c={css:l[1],media:l[2],sourceMap:l[3],supports:l[4],layer:l[5]};if(-1!==p)e[p].references++,e[p].updater(c);else{var f=function(r,e){var o=e.domAPI(e);return o.update(r),function(e){e?(e.css!==r.css||e.media!==r.media||e.sourceMap!==r.sourceMap||e.supports!==r.supports||e.layer!==r.layer)&&o.update(r=e):o.remove()}}(c,n);n.byIndex=i,e.splice(i,0,{identifier:d,updater:f,references:1})}a.push(d)}return a}r.exports=function(r,t){var a=n(r=r||[],t=t||{});return function(r){r=r||[];for(var i=0;i<a.length;i++){var l=o(a[i]);e[l].references--}for(var b=n(r,t),s=0;s<a.length;s++){var d=o(a[s]);0===e[d].references&&(e[d].updater(),e.splice(d,1))}a=b}}},659(r){var e={};r.exports=function(r,o){var n=function(r){if(void 0===e[r]){var o=document.querySelector(r);if(window.HTMLIFrameElement&&o instanceof window.HTMLIFrameElement)try{o=o.contentDocument.head}catch(r){o=null}e[r]=o}return e[r]}(r);if(!n)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");n.appendChild(o)}},540(r){r.exports=function(r){var e=document.createElement("style");return r.setAttributes(e,r.attributes),r.insert(e,r.options),e}},56(r,e,o){r.exports=function(r){var e=o.nc;e&&r.setAttribute("nonce",e)}},825(r){r.exports=function(r){if("u"<typeof document)return{update:function(){},remove:function(){}};var e=r.insertStyleElement(r);return{update:function(o){var n,t,a;n="",o.supports&&(n+="@supports (".concat(o.supports,") {")),o.media&&(n+="@media ".concat(o.media," {")),(t=void 0!==o.layer)&&(n+="@layer".concat(o.layer.length>0?" ".concat(o.layer):""," {")),n+=o.css,t&&(n+="}"),o.media&&(n+="}"),o.supports&&(n+="}"),(a=o.sourceMap)&&"u">typeof btoa&&(n+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(a))))," */")),r.styleTagTransform(n,e,r.options)},remove:function(){var r;null===(r=e).parentNode||r.parentNode.removeChild(r)}}}},113(r){r.exports=function(r,e){if(e.styleSheet)e.styleSheet.cssText=r;else{for(;e.firstChild;)e.removeChild(e.firstChild);e.appendChild(document.createTextNode(r))}}},959(r,e,o){var n=o(72),t=o.n(n),a=o(825),i=o.n(a),l=o(659),b=o.n(l),s=o(56),d=o.n(s),p=o(540),c=o.n(p),f=o(113),u=o.n(f),h=o(646),x={};x.styleTagTransform=u(),x.setAttributes=d(),x.insert=b().bind(null,"head"),x.domAPI=i(),x.insertStyleElement=c(),t()(h.A,x),h.A&&h.A.locals&&h.A.locals}}]);