   
	/* only; */ -- comments;
 ; ; 
