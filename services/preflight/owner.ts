/** Whose the objects and the test jobs of a preflight are: nobody's, and no person can have this id. */
export const PREFLIGHT_OWNER = 'preflight';
