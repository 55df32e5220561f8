@business_data
Feature: The database itself isolates customers from each other
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Pass the security reviews of the largest customers
  Value impact:     Even a programming mistake in the platform cannot show one customer's data to another
  Strategic impact: Isolation in the database lets customers of all sizes share one platform

  @DBL-04 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Customer data is isolated in the database itself

    @smoke
    Scenario: On behalf of one customer the database shows no other's data
      Given Acme is a Free customer with data in every table
      And Borealis is an Enterprise customer with data in every table
      When the platform's database account reads every table on behalf of Acme
      Then the account has reached Acme's data in every table and no other data

    @gate
    Scenario: On behalf of no customer the database shows nothing
      Given Acme is an Early customer with data in every table
      And Borealis is a Mid customer with data in every table
      When the platform's database account reads every table on behalf of no customer
      Then the account has reached no data
      And on behalf of Borealis the account reaches Borealis' data in every table

    @gate
    Scenario: On behalf of one customer no other's data can be changed
      Given Acme is a Mid customer with data in every table
      And Borealis is a Free customer with data in every table
      When the platform's database account tries to update every table on behalf of Acme
      Then the account has reached Acme's data in every table and no other data
