/** The panels of the table as a dashboard for Grafana, rows in the order in which the table first names them. */
import type { MetricSpec, Panel } from './spec.ts';
import { METRICS } from './table.ts';

/** Of the grid, which is 24 wide. */
const WIDTH = 8;
const HEIGHT = 8;
const ACROSS = 24 / WIDTH;

/** Units of the table by Grafana's names; others are written after the number as they are. */
const UNITS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'bytes', share: 'percentunit', score: 'none' };

const SOURCE = { type: 'prometheus', uid: '$source' };

/** As Grafana imports it, of schema version 39 (Grafana 10 and newer). */
export function dashboard(): object {
  const specs: readonly MetricSpec[] = Object.values(METRICS);
  const rows = Map.groupBy(
    specs.flatMap((spec) => spec.panels ?? []),
    ({ row }) => row,
  );
  const panels: object[] = [];
  let y = 0;
  for (const [title, own] of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: place(0, y, 24, 1),
    });
    y += 1;
    for (const [i, panel] of own.entries()) {
      const at = place((i % ACROSS) * WIDTH, y + Math.floor(i / ACROSS) * HEIGHT, WIDTH, HEIGHT);
      panels.push({ id: panels.length + 1, ...chart(panel), gridPos: at });
    }
    y += Math.ceil(own.length / ACROSS) * HEIGHT;
  }
  return {
    uid: 'deltasift',
    title: 'deltasift',
    tags: ['deltasift'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '15s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [{ name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' }] },
    panels,
  };
}

function place(x: number, y: number, w: number, h: number): object {
  return { x, y, w, h };
}

function chart({ title, unit, queries }: Panel): object {
  return {
    type: 'timeseries',
    title,
    datasource: SOURCE,
    fieldConfig: { defaults: { unit: UNITS[unit] ?? `suffix: ${unit}` }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + i),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}
