/** A chart that keeps to the width it is given. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const HEIGHT = 200;

export interface ChartProps {
  readonly label: string;
  readonly series: readonly { readonly label: string; readonly color: string; readonly bars?: boolean }[];
  /** x, and y of each series. */
  readonly data: uPlot.AlignedData;
  readonly time: boolean;
  /** A line across, at this x. */
  readonly mark?: number | undefined;
}

export function Chart({ label, series, data, time, mark }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const marked = useRef(mark);
  marked.current = mark;

  useEffect(() => {
    const parent = place.current!;
    const ink = getComputedStyle(document.documentElement).color;
    const axis = { stroke: ink, grid: { stroke: 'rgb(128 128 128 / .2)' } };
    chart.current = new uPlot(
      {
        width: parent.clientWidth,
        height: HEIGHT,
        scales: { x: { time } },
        axes: [axis, axis],
        series: [
          {},
          ...series.map(({ label: name, color, bars }) => ({
            label: name,
            stroke: color,
            ...(bars === true
              ? { paths: uPlot.paths.bars!({ size: [0.9, 100] }), fill: color, points: { show: false } }
              : {}),
          })),
        ],
        hooks: { draw: [(self) => drawMark(self, marked.current)] },
      },
      data,
      parent,
    );
    const watch = new ResizeObserver(() => chart.current?.setSize({ width: parent.clientWidth, height: HEIGHT }));
    watch.observe(parent);
    return () => {
      watch.disconnect();
      chart.current?.destroy();
    };
  }, [series.length]);
  useEffect(() => chart.current?.setData(data), [data, mark]);
  return <div ref={place} role="img" aria-label={label} />;
}

function drawMark({ ctx, bbox, valToPos }: uPlot, at: number | undefined): void {
  if (at === undefined) return;
  const x = valToPos(at, 'x', true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = 'rgb(214 93 14)';
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
