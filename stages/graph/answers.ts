/** What the tuned model answers where it is asked for one of some labels, as the targets of the loss. */

import { appendHead, type HeadOptions, OUTPUTS, type TunedStates } from './head.ts';
import { labelRows, restrictedDelta } from './label-rows.ts';
import type { Answers } from './model.ts';
import type { Graph } from './onnx.ts';

/**
 * Declares the label's output.
 * @param rows [B,S] flat index of the positions that answer
 * @returns the targets [B,S]: the number of the label where only labels count, else its token
 */
export function answersOf(g: Graph, tuned: TunedStates, rows: string, { tokens, labelsOnly }: Answers): string {
  const [, width = 0] = tuned.head.shape;
  const states = g.node('Gather', [g.node('Reshape', [tuned.hidden, g.ints([-1, width])]), rows], { axis: 0 }); // [B,S,d]
  const labels = tuned.graph.gather(tuned.head, g.ints(tokens)); // [L,d]
  const logits = g.node('MatMul', [states, g.node('Transpose', [labels], { perm: [1, 0] })]); // [B,S,L]
  const answer = g.node('ArgMax', [logits], { axis: -1, keepdims: 0 });
  g.output(g.node('Cast', [answer], { to: 1 }), OUTPUTS.label, 'float32', ['B', 'S']);
  return labelsOnly ? answer : g.node('Gather', [g.ints(tokens), answer], { axis: 0 });
}

/** As appendHead, with heads and deltas of the labels' rows alone: the vocabulary is the labels. */
export function appendLabelHead(g: Graph, hidden: string, options: HeadOptions, tokens: readonly number[]): void {
  const { graph, restrict } = labelRows(g, tokens);
  const { tuned, deltas } = options;
  const tunedRows = tuned === undefined ? undefined : labelRows(tuned.graph, tokens);
  appendHead(graph, hidden, {
    ...options,
    base: restrict(options.base),
    tuned:
      tuned === undefined || tunedRows === undefined
        ? undefined
        : { hidden: tuned.hidden, head: tunedRows.restrict(tuned.head), graph: tunedRows.graph },
    deltas: deltas.map((delta) => restrictedDelta(delta, restrict, tokens)),
  });
}
