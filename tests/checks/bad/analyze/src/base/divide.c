int quotient(int a);

int quotient(int a)
{
	int zero = 0;

	if (a > 3)
		zero = 0;
	return a / zero;
}
