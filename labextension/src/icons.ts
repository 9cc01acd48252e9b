// The panel's own icon: a database that beats. In: nothing. Out: a LabIcon in JupyterLab's colours.

import { LabIcon } from "@jupyterlab/ui-components";

export const panelIcon = new LabIcon({
  name: "reactive-nb:panel",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M12 2C7 2 3 3.6 3 5.7v12.6C3 20.4 7 22 12 22c1 0 2-.1 2.900-.2l-.9-1.800c-.6.1-1.300.1-2 .1-4.300 0-7-1.300-7-1.800v-3.500c1.700.9 4.200 1.400 7 1.400h.6l.4-2H12c-4.300 0-7-1.300-7-1.800V8.300C6.700 9.200 9.200 9.700 12 9.700s5.300-.5 7-1.400V11h2V5.700C21 3.600 17 2 12 2Zm0 5.700c-4.300 0-7-1.300-7-2s2.700-1.800 7-1.800 7 1.100 7 1.800-2.700 2-7 2Z"/>
  <path class="jp-icon3" fill="#616161" d="m17.600 12-3.600 6h2.800l-.8 4.500 4.500-6.500h-3l1.500-4Z"/>
</svg>`,
});
