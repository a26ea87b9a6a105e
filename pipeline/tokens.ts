/** The names the container knows. A token's type is what `resolve` returns. */
import type { InjectionToken } from 'tsyringe';
import type { Gradients, Tokens } from '../schemas/types.ts';
import type { WithReplay } from '../stages/replay/attached.ts';
import type { ScoredDelta } from '../stages/score.ts';
import type { Handle, Stage, Transport } from './contract.ts';
import type { Bell } from './embedded/bell.ts';
import type { ScoresFile } from './scan/scores-file.ts';
import type { Scan } from './store/scan.ts';
import type { Store } from './store/store.ts';

export const STORE: InjectionToken<Store> = Symbol('Store');
/** The scan of one delta in the store. */
export const SCAN: InjectionToken<Scan> = Symbol('Scan');
export const TRANSPORT: InjectionToken<Transport> = Symbol('Transport');
/** Files written in the transaction that commits a batch. */
export const SINKS: InjectionToken<readonly ScoresFile[]> = Symbol('Sinks');
/** Makes the leg, documents in and store changes out, around a gradient stage and its deltas. */
export const LEG: InjectionToken<LegFactory> = Symbol('Leg');
export type LegFactory = (gradient: Stage<Tokens, WithReplay<Gradients>>, deltas: readonly ScoredDelta[]) => Handle;
/** Rung when anything changed in the scan. */
export const CHANGED: InjectionToken<Bell> = Symbol('Changed');
