// getDbCredentials() is called by database.ts
/* async function getDatabaseConfig() */
export async function getDbCredentials(): Promise<Credentials> {
  const r = /function f() {'/g, t = `Loading ${name} secret`;
  console.log('Fetching credentials from Secrets Manager');
}
export const getDatabaseConfig: () => Promise<X> = async () => ({ a: b / c });
let credentialsFetched = false;
export const connectToDatabase = async () => { credentialsFetched = true; await f(); };
