/** The names the container knows. A token's type is what `resolve` returns. */
import type { InjectionToken } from 'tsyringe';
import type { Handle, Transport } from './contract.ts';
import type { Bell } from './embedded/bell.ts';
import type { ScoresFile } from './scores-file.ts';
import type { Scan } from './store/scan.ts';
import type { Store } from './store/store.ts';

export const STORE: InjectionToken<Store> = Symbol('Store');
/** The scan of one delta in the store. */
export const SCAN: InjectionToken<Scan> = Symbol('Scan');
export const TRANSPORT: InjectionToken<Transport> = Symbol('Transport');
/** Files written in the transaction that commits a batch. */
export const SINKS: InjectionToken<readonly ScoresFile[]> = Symbol('Sinks');
/** The leg: documents in, store changes out. */
export const LEG: InjectionToken<Handle> = Symbol('Leg');
/** Rung when anything changed in the scan. */
export const CHANGED: InjectionToken<Bell> = Symbol('Changed');
