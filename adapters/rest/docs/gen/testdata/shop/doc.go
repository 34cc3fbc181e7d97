// Package shop is a small API that the generator's test reads.
//
//	@title		Shop
//	@version	1
//	@BasePath	/api/v1
package shop
