/** Thrown where a broker that lives in memory dies by a crash fault: as far as its caller can tell, the process ended. */
export class BrokerCrash extends Error {}
